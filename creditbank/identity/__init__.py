"""Identity: who calls, and what they may do.

``roles`` one table of role × right · ``grants`` who holds which role where · ``sittings`` what a
cookie stands for · ``staff`` people in office · ``passwords``, ``second_factors`` what they prove
themselves by · ``staff_sign_in`` tries, counted · ``invitations``, ``acceptances`` the way in ·
``joining`` applying and admission · ``rosters`` "is this you?" ·
``appointments`` roles given and taken back · ``assists`` the office acts for a member ·
``errors`` what can be wrong.
"""
