"""People: who belongs to a bank.

``communities`` the parts of a bank · ``members`` numbers, whether they may act; made and locked in
one order, ``newcomers`` many at once · ``persons`` what names and describes somebody, sealed with
a key of their own · ``masks`` how that is shown · ``ages`` full years · ``households`` who lives
together, and ``stays`` from when to when · ``teams`` who serves together, ``places`` from when to
when, and ``team_wishes`` who is about to · ``relatives`` who is family · ``guardians`` who answers
for a child · ``skills`` what somebody can do · ``kin`` who stands for whom where law 7 is asked ·
``consents`` what they agreed to · ``corrections`` what is put right of them · ``documents`` one
person, one number · ``delegates`` who acts for another · ``finding`` by what people say,
``namesakes`` told apart · ``trail`` who did what to whom · ``errors``, ``group_errors`` what can
be wrong.
"""
