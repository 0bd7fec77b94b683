"""Identity: who calls, and what they may do.

What they may do: ``roles`` one table of role × right · ``grants`` who holds which role where ·
``appointments`` roles given and taken back.

Residents: ``one_time_codes`` a phone is proven · ``phones`` which phone is whose · ``sign_in`` the
way in · ``devices`` where one is signed in, and since when · ``pins``, ``pin_digits`` the payment
PIN · ``face_to_face`` what the office does for somebody present · ``joining`` applying and
admission · ``rosters`` "is this you?".

From lists: ``arrivals`` members whom a file brings, with ``arrival_states``, ``arrival_parts``
while they wait, ``arrival_twins`` who is there already, ``arrival_slices`` by and by, ``intakes``
many at once, ``openings`` and what they had.

Staff: ``staff`` people in office · ``passwords``, ``second_factors`` what they prove themselves by
· ``staff_sign_in`` tries, counted · ``invitations``, ``acceptances`` the way in.

Both: ``sittings`` what a cookie stands for · ``assists`` the office acts for a member ·
``reveals`` personal data shown with a reason · ``messages`` what goes to a phone ·
``call_list`` whom to call · ``errors``,
``sign_in_errors``, ``assist_errors`` what can be wrong.
"""
