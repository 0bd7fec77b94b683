"""The ledger: who holds how much of what, why, and since when.

``chart`` addresses and the bounds of each (pure) · ``books`` the tables; only this wing opens
them · ``accounts`` found, made and locked in one order · ``posting`` post, post_many, reverse:
the only writer · ``issues`` points that are earned, and an approval withdrawn · ``holds``
authorise, capture, void, expire · ``payments`` points spent, and those that come back · ``lots`` on
which days points expire, ``expiries`` and how · ``estates`` all that a membership leaves.

One account: ``statements`` balances and histories, ``flows`` parts of them · ``turnovers`` what
moved it in a span of time · ``earnings`` what a member earned in a period. All of an asset:
``circulation`` how much there is, what was issued and redeemed · ``movements`` the latest ones.

``journal`` foreign journals, ``imports`` in, balances out · ``audit`` proofs with SQL of their own.
"""
