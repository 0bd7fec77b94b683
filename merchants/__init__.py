"""The redemption service: partner shops take points at the till.

``partners`` shops · ``tills`` the devices they scan with · ``codes`` what a member shows ·
``offers`` the rules of a discount (pure) · ``offer_book`` offers in force · ``redemptions`` scan,
redeem, authorise, capture, void, cancel · ``refunds`` points back · ``audit`` proofs of the wing.

Imports point down to ``creditbank``; nothing there knows of shops.
"""
