"""A main street to buy in: members with points, a shop with tills, and short words for both."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, TypeVar

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError
from creditbank.core.units import Actor, Declined, Unit
from creditbank.ledger import audit as ledger_audit
from creditbank.ledger import chart, statements
from creditbank.people import communities, members
from creditbank.schemes import scheme
from merchants import (
    audit,
    cancellations,
    checkout,
    codes,
    offer_book,
    partners,
    receipts,
    refunds,
    scans,
    tills,
    unpaid,
)
from merchants.cancellations import Cancelled, Ended
from merchants.offers import Quote
from merchants.receipts import Asked, Receipt
from merchants.redemptions import State
from merchants.scans import Scanned
from tests.books import POINTS, Books

R = TypeVar("R")

OFFERS = Path(__file__).parents[1] / "seeds" / "offers"
STEP = (OFFERS / "every-30-yuan.toml").read_text()
ITEM = (OFFERS / "umbrella.toml").read_text()


def step(**caps: int) -> str:
    """The offer of FACTS A with caps, as TOML."""
    return STEP + "".join(f"{name} = {value}\n" for name, value in caps.items())


def till_actor(till_id: str, cashier: str | None = None) -> Actor:
    """A till, and the member behind it."""
    return Actor(till_id, "till", cashier)


def outcome(future: Future[Any]) -> Any:
    """What a unit came to: its result, or the type of its refusal."""
    try:
        return future.result()
    except CreditbankError as error:
        return type(error)


def outcomes(futures: Sequence[Future[Any]]) -> list[Any]:
    """What units came to, all of them done."""
    wait(futures)
    return [outcome(future) for future in futures]


class Street(Books):
    """One bank with a shop that has one till and one offer, unless told otherwise."""

    def __init__(
        self, database: Database, clock: ManualClock, offer: str | None = STEP, slug: str = "demo"
    ) -> None:
        super().__init__(database, slug)
        self.clock = clock
        self._named = 0
        self.community_id = self.do(
            lambda unit: communities.create(unit, name="红枫社区", key=self.name())
        )
        self.shop_id = self.shop()
        self.till_id = self.till()
        self.offer_id = "" if offer is None else self.adopt(offer)

    def name(self) -> str:
        """A request id that was not used yet."""
        self._named += 1
        return f"street-key-{self._named:07d}"

    def by(self, actor_id: str, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit as a till."""
        return self.database.write(self.bank_id, till_actor(actor_id), work)

    def submit(self, actor_id: str, work: Callable[[Unit], R | Declined]) -> Future[R]:
        """Queue one unit as a till, to race with others."""
        return self.database.writer.submit(self.bank_id, till_actor(actor_id), work)

    def shop(self, asset: str = POINTS) -> str:
        """Register a merchant."""
        named = self.name()
        return self.do(
            lambda unit: partners.register(
                unit, name="好邻居超市", trade="超市", asset=asset, key=named
            )
        )

    def till(self, merchant_id: str | None = None) -> str:
        """Register a till, of the shop unless another merchant is named."""
        named, of = self.name(), merchant_id or self.shop_id
        return self.do(lambda unit: tills.register(unit, merchant_id=of, name="一号", key=named))

    def adopt(self, text: str, merchant_id: str | None = None) -> str:
        """Adopt an offer, for the shop unless another merchant is named."""
        named, of = self.name(), merchant_id or self.shop_id
        return self.do(lambda unit: offer_book.adopt(unit, merchant_id=of, text=text, key=named))

    def rules(self, **parameters: Any) -> None:
        """Adopt parameters of the scheme, from today on."""
        named = self.name()
        self.do(
            lambda unit: scheme.adopt(
                unit, parameters=parameters, effective_from=unit.today, key=named
            )
        )

    def member(self, points: int = 100) -> str:
        """Take a member in and let them earn points."""
        named = self.name()
        member_id = self.do(
            lambda unit: members.register(
                unit, name="张三", community_id=self.community_id, key=named
            )
        ).member_id
        if points:
            self.earn(member_id, points)
        return member_id

    def issued(self, member_id: str) -> codes.CodeIssued:
        """Issue a pay code to a member, who asks for it."""
        named = self.name()
        return self.database.write(
            self.bank_id,
            Actor(member_id, "member", member_id),
            lambda unit: codes.issue(unit, member_id=member_id, key=named),
        )

    def code(self, member_id: str) -> str:
        """The digits of a member's pay code."""
        issued = self.issued(member_id)
        return self.see(lambda view: codes.digits(view, issued.pay_code_id))

    def scan(
        self,
        code: str,
        cart_fen: int | None = 3000,
        *,
        key: str | None = None,
        till_id: str | None = None,
        offer_id: str | None = None,
    ) -> Scanned:
        """Scan a code at a till."""
        named = key or self.name()
        return self.by(
            till_id or self.till_id,
            lambda unit: scans.scan(
                unit, code=code, cart_fen=cart_fen, offer_id=offer_id, key=named
            ),
        )

    def scanned(self, member_id: str, cart_fen: int | None = 3000) -> str:
        """The id of a fresh redemption of a member."""
        return self.scan(self.code(member_id), cart_fen).redemption_id

    def redeem(
        self,
        redemption_id: str,
        points: int | None = None,
        *,
        cart_fen: int | None = None,
        key: str | None = None,
        till_id: str | None = None,
    ) -> Receipt:
        """Take the points of a scanned redemption."""
        named = key or self.name()
        return self.by(
            till_id or self.till_id,
            lambda unit: checkout.redeem(
                unit, redemption_id=redemption_id, points=points, cart_fen=cart_fen, key=named
            ),
        )

    def pay(
        self,
        code: str,
        cart_fen: int | None = 3000,
        *,
        points: int | None = None,
        key: str | None = None,
        till_id: str | None = None,
        offer_id: str | None = None,
    ) -> Receipt:
        """Scan and redeem in one unit."""
        named = key or self.name()
        return self.by(
            till_id or self.till_id,
            lambda unit: checkout.scan_and_redeem(
                unit, code=code, cart_fen=cart_fen, points=points, offer_id=offer_id, key=named
            ),
        )

    def authorise(self, redemption_id: str, points: int | None = None) -> checkout.Authorised:
        """Set points of a scanned redemption aside."""
        named = self.name()
        return self.by(
            self.till_id,
            lambda unit: checkout.authorise(
                unit, redemption_id=redemption_id, points=points, key=named
            ),
        )

    def capture(self, redemption_id: str, points: int | None = None) -> Receipt:
        """Take what was set aside."""
        key = self.name()
        return self.by(
            self.till_id,
            lambda unit: checkout.capture(
                unit, redemption_id=redemption_id, points=points, key=key
            ),
        )

    def void(self, redemption_id: str, actor: Actor | None = None) -> Ended:
        """Void a redemption, at the till that took the points unless somebody else is named."""
        key = self.name()
        return self.database.write(
            self.bank_id,
            actor or till_actor(self.till_id),
            lambda unit: cancellations.void(unit, redemption_id=redemption_id, key=key),
        )

    def cancel(self, request_id: str) -> Cancelled:
        """Cancel a request."""
        key = self.name()
        return self.by(
            self.till_id, lambda unit: cancellations.cancel(unit, request_id=request_id, key=key)
        )

    def cancel_scanned(self, redemption_id: str) -> Ended:
        """Cancel a scanned redemption."""
        key = self.name()
        return self.by(
            self.till_id,
            lambda unit: cancellations.cancel_scanned(unit, redemption_id=redemption_id, key=key),
        )

    def expire(self, redemption_id: str) -> State:
        """Let the job look at one redemption."""
        return self.do(lambda unit: unpaid.expire(unit, redemption_id))

    def refund(self, redemption_id: str, points: int | None = None) -> refunds.Refunded:
        """Give points back, at the till that took them."""
        key = self.name()
        return self.by(
            self.till_id,
            lambda unit: refunds.refund(unit, redemption_id=redemption_id, points=points, key=key),
        )

    def requote(self, redemption_id: str, cart_fen: int | None = None) -> Quote:
        """Quote again."""
        return self.see(
            lambda view: scans.requote(
                view, till_id=self.till_id, redemption_id=redemption_id, cart_fen=cart_fen
            )
        )

    def asked(self, request_id: str, till_id: str | None = None) -> Asked:
        """What became of a request."""
        return self.see(
            lambda view: receipts.by_request(
                view, till_id=till_id or self.till_id, request_id=request_id
            )
        )

    def receipt(self, redemption_id: str) -> Receipt:
        """The receipt as it is now."""
        return self.see(lambda view: receipts.receipt(view, redemption_id))

    def taken(self) -> int:
        """How many points the shop has."""
        address = chart.merchant(self.shop_id)
        return self.see(lambda view: statements.balance(view, address, POINTS).available)

    def faults(self) -> list[Any]:
        """What the proofs of the books and of the shops find, and what does not hold."""
        proofs = (*ledger_audit.PROOFS, *audit.PROOFS)
        found: list[Any] = self.see(lambda view: [one for proof in proofs for one in proof(view)])
        return found + self.wrongs()
