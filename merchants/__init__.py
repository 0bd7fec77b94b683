"""The redemption service: points become money off, a thing or a service at a partner shop.

``partners`` the shops · ``tills`` where they take points · ``pairings`` how a device becomes one ·
``cashiers`` who serves there, ``turns`` and when · ``codes`` what a member shows ·
``code_digits``, ``code_pictures`` its digits and its picture (pure) · ``offers`` the rules (pure)
· ``offer_files`` rules read from TOML (pure) · ``offer_book`` what a shop has adopted · ``caps``
how much of a rule is used up · ``requests`` what a till asked for, by its request id ·
``redemptions`` the states and rows · ``scans`` a code is burned, points are quoted · ``checkout``
redeem, authorise, capture · ``cancellations`` cancel, void, stop · ``refunds`` points that come
back · ``volunteers`` whom a shop puts down · ``receipts`` what till and member see · ``errors``,
``till_errors`` what can go wrong · ``audit`` proofs.
"""
