"""Recognition: who is thanked, and for what.

``periods`` the years and to which of them a service counts · ``standings`` the roll-up of what
members earned, kept with the posting · ``ranking`` places, ties and medals; the frozen list ·
``closing`` the job that closes a year, in slices · ``audit`` proofs with SQL of their own.
"""
