"""Tasks: needs that are published, claimed, served, reviewed, and credited exactly once.

``categories`` kinds of tasks as data · ``tasks`` a need with place, time, capacity and rewards ·
``claims`` who takes part: claim, withdraw · ``attendance`` sign in and out · ``edits`` a task is
changed · ``endings`` a task is cancelled, or its attendance closed · ``reviews`` approve, reject,
withdraw an approval · ``states`` the two tables of allowed (state, verb) → state · ``errors`` what
can go wrong · ``audit`` proofs.
"""
