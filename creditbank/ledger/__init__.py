"""The ledger: who holds how much of what, why, and since when.

``chart`` addresses and the bounds of each (pure) · ``books`` the tables; only this wing opens
them · ``accounts`` found, made and locked in one order · ``posting`` post, post_many, reverse:
the only writer, ``posts`` its sets · ``issues`` points that are earned, and an approval withdrawn ·
``holds`` authorise, capture, void, expire · ``payments`` points that come back · ``lots`` on which
days points expire, ``expiries`` and how · ``estates`` all that a membership leaves.

One account: ``statements`` balances and histories, ``flows`` parts of them · ``turnovers`` what
moved it in a span of time · ``earnings`` what a member earned in a period. All of an asset:
``circulation`` how much there is, what was issued and redeemed · ``movements`` the latest ones ·
``day_totals`` what moved on days that are over, ``day_sums`` the job that sums them up.

``journal`` foreign journals read row by row, balances out · ``plans`` such a journal checked on
disk, ``walks`` its balances, ``imports`` and brought in · ``audit`` proofs with SQL of their own.
"""
