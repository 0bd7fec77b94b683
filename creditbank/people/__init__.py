"""People: who belongs to a bank.

``communities`` the parts of a bank · ``members`` numbers, whether they may act; made and locked
in one order · ``persons`` what names and describes somebody, sealed with a key of their own ·
``masks`` how that is shown · ``kin`` who stands for whom where law 7 is asked ·
``consents`` what they agreed to · ``trail`` who did what to whom · ``errors`` what can be wrong.
"""
