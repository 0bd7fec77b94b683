"""Tasks: needs that are published, claimed, waited for and filled.

A need: ``categories`` kinds as data · ``tasks`` place, time, capacity and rewards ·
``details`` more words, sealed · ``beneficiaries`` for whom · ``searches`` as an office looks ·
``publishing`` · ``repeats`` rules of days (pure), ``series`` and ``series_changes`` · ``copies`` ·
``edits`` · ``endings`` and ``cancellations`` · ``details`` · ``homes``.
A claim: ``claims`` who takes part · ``audiences`` whom a task takes · ``claiming`` places are taken
or waited for · ``parties`` families and teams · ``overlaps`` nobody is in two places · ``waitlist``
who waits · ``filling`` free places go to who waits · ``withdrawals`` places are given back ·
``duties`` a member's own, in order ·
``no_shows`` empty places, and what follows.
A pair: ``pairs`` a family or a volunteer and an elder · ``visits`` · ``visit_reminders`` ·
``partings``.
``states`` the two tables of allowed (state, verb) → state · ``errors``, ``claim_errors``,
``series_errors``, ``pair_errors`` what can go wrong · ``audit`` proofs. What comes of a
claim is in `creditbank.service`.
"""
