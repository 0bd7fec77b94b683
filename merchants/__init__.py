"""The redemption service: points become money off, a thing or a service at a partner shop.

The shop: ``partners`` the shops · ``tills`` where they take points · ``pairings`` how a device
becomes one · ``cashiers`` who serves there, ``turns`` and when · ``volunteers`` whom a shop puts
down.

What is shown: ``codes`` pay codes, ``code_digits`` and ``code_pictures`` their digits and picture
(pure) · ``cards`` printed ones for people without a phone · ``delegations`` who pays for another
· ``new_devices`` lower limits for a day · ``payers`` whose points they are, and who must not take
them.

The rules: ``offers`` (pure) · ``offer_files`` read from TOML (pure) · ``offer_book`` what a shop
has adopted · ``caps`` how much of a rule is used up.

The checkout: ``requests`` what a till asked for, by its request id · ``redemptions`` states and
rows, ``unpaid`` those that end without · ``scans`` a code is burned, points are quoted ·
``decisions`` what is paid, under the locks · ``sales`` how a set of them goes · ``checkout``
redeem, authorise, capture · ``pin_requests`` the PIN on the member's own phone · ``paying`` what
the payer's screen tells · ``cancellations`` cancel, void, stop · ``refunds`` points that come back
· ``receipts`` what till and member see · ``shop_months`` what a shop took and gave back, by the
ledger · ``errors``, ``till_errors`` what can go wrong · ``audit`` proofs.
"""
