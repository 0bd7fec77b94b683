"""Exchange: what members give to each other and do for each other, and people in need.

``gifts`` to registered family · ``donations`` to the fund, to whoever is next in need, and by
teams · ``needy`` the register of people in need and its order · ``handouts`` what the office gives
from a fund, by two people · ``services`` offers and requests that cost their receiver points,
``agreements`` and ``outcomes`` how they come about and end · ``errors`` what can go wrong ·
``endings`` what is over by its deadline, and what a member who leaves lets go · ``giving`` what
every giver must be and have · ``states`` the tables of states · ``audit`` the proofs.
"""
