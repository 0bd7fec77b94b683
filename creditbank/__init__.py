"""The engine of a community time bank: a ledger, and what earns and ranks on it.

Rooms, from the ground up (imports point downwards only):

- ``core``         errors, clock, ids, values, banks, database (Unit, View), idempotency keys
- ``jobs``         the claim rows of scheduled work
- ``notices``      what members must be told; ``notice_kinds`` in which words
- ``ledger``       chart, books, posting, issues, holds, statements, journal, audit
- ``people``       communities, members, persons, consents, delegates, the trail
- ``schemes``      the parameters of a programme, and rewards (pure)
- ``identity``     who calls and what they may do: roles, sign-in, staff, PINs, joining, assists
- ``recognition``  periods, standings, ranking
- ``tasks``        categories, tasks, claims, reviews
- ``leaving``      closings, merges, departures, visitors, erasures

The engine knows no web, no wall clock and no shop. Every function that writes takes a `Unit`
first, every function that reads takes a `View`; both are opened at the edge and handed down.
"""
