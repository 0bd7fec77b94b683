"""The ledger: who holds how much of what, why, and since when.

``chart`` addresses and the bounds of each (pure) · ``books`` the tables; only this wing opens
them · ``accounts`` found, made and locked in one order · ``posting`` post, post_many, reverse:
the only writer · ``issues`` points that are earned, and an approval withdrawn · ``holds``
authorise, capture, void, expire · ``statements`` balances and histories ·
``flows`` and ``months`` parts of them · ``turnovers`` what
moved an account in a span of time · ``lots`` on which days points expire · ``estates`` all that a
membership leaves · ``journal`` foreign journals in, balances out · ``audit`` proofs with SQL of
their own.
"""
