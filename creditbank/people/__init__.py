"""People: who belongs to a bank.

``communities`` the parts of a bank · ``members`` numbers, names, whether they may act; found,
made and locked in one order · ``errors`` what can be wrong with them.
"""
