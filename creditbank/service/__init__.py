"""Service: people come and go, somebody else looks at it, and it is credited exactly once.

Coming and going: ``attendance`` sign in and out · ``site_codes`` what the place shows ·
``witnesses`` who notes whom · ``company`` who comes with a child · ``pauses`` · ``forced_stops``
the clock signs out · ``days`` to which days minutes belong · ``rolls`` the attendance is closed ·
``afterwards`` what is noted down when it is over (补录).
What it leaves: ``evidence`` notes · ``photos`` · ``confirmations`` the beneficiary's word ·
``sights`` what is known of a service, ``screening`` what its figures say.
Judging: ``reviewers`` who may · ``reviews`` approve, reject, withdraw an approval ·
``review_sheets`` many at once · ``deadlines`` · ``disputes`` · ``draws`` and ``second_looks``.
``waits`` how much waits for an office · ``decisions`` what can still be taken back.
Crediting: ``reckoning`` what a claim brings · ``crediting`` it is issued, or taken back ·
``credit_counts`` what caps count · ``hours`` what was served, by whom, where.
Thanks: ``received`` what was done for somebody · ``thanking`` notes are written and released,
``thanks`` who reads them.
``attendance_errors``, ``review_errors``, ``thanks_errors`` what can go wrong.
"""
