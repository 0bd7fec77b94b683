"""What can go wrong at the till, as types with fields; see `creditbank.core.errors`."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, Gone, Malformed, NotFound, Refused


@dataclass(eq=False)
class MerchantNotFound(NotFound):
    """No such merchant in this bank."""

    slug = "merchant-not-found"
    zh = "没有这家商户"
    en = "There is no such merchant"
    merchant_id: str


@dataclass(eq=False)
class MerchantSuspended(Refused):
    """The merchant takes no points now."""

    slug = "merchant-suspended"
    zh = "这家商户已暂停，暂不能使用积分"
    en = "This merchant is suspended and takes no points now"
    merchant_id: str


@dataclass(eq=False)
class TillNotFound(NotFound):
    """No such till in this bank."""

    slug = "till-not-found"
    zh = "没有这个收银端"
    en = "There is no such till"
    till_id: str


@dataclass(eq=False)
class TillSuspended(Refused):
    """The till is out of use."""

    slug = "till-suspended"
    zh = "这个收银端已停用"
    en = "This till is out of use"
    till_id: str


@dataclass(eq=False)
class TillLocked(Refused):
    """Too many wrong codes came from this till."""

    slug = "till-locked"
    zh = "错误的付款码太多，收银端已锁定至 {until}；店主可以解锁"
    en = "Too many wrong codes: this till is locked until {until}; the owner can unlock it"
    till_id: str
    until: str


@dataclass(eq=False)
class OfferNotFound(NotFound):
    """The merchant has adopted no such offer, or none that is in force."""

    slug = "offer-not-found"
    zh = "没有这条优惠规则，或今天不适用"
    en = "There is no such offer, or it is not in force today"
    offer_id: str


@dataclass(eq=False)
class OfferUnclear(Malformed):
    """The merchant has several offers, and none was named."""

    slug = "offer-unclear"
    zh = "这家商户有多条优惠规则，请选择一条"
    en = "This merchant has several offers; name one"
    offers: list[str]


@dataclass(eq=False)
class OfferInvalid(Malformed):
    """A rule that cannot be used: which parameter, on which line of its file, and why."""

    slug = "offer-invalid"
    zh = "优惠规则第 {line} 行，参数“{parameter}”：{reason}"
    en = "Line {line} of the offer, parameter '{parameter}': {reason}"
    parameter: str
    line: int
    reason: str


@dataclass(eq=False)
class CodeScrambled(NotFound):
    """The digits are no pay code: wrong length, or the check digit does not fit."""

    slug = "code-scrambled"
    zh = "付款码不完整或有误，请重新扫码或核对数字"
    en = "This is no whole pay code; scan again or check the digits"


@dataclass(eq=False)
class CodeForeign(NotFound):
    """A code of another programme."""

    slug = "code-foreign"
    zh = "这不是本互助社的付款码，请顾客打开积分付款码"
    en = "This code belongs to another service; ask for the points pay code"


@dataclass(eq=False)
class CodeUnknown(NotFound):
    """The digits are in order, and nobody was given them here."""

    slug = "code-unknown"
    zh = "没有这个付款码，请重新扫码"
    en = "Nobody here has this pay code; scan again"


@dataclass(eq=False)
class CodeUsed(Refused):
    """A pay code works once."""

    slug = "code-used"
    zh = "付款码已使用，请顾客刷新后再扫"
    en = "This pay code was used; ask for a fresh one"


@dataclass(eq=False)
class CodeExpired(Gone):
    """The pay code is too old, or two newer ones replaced it."""

    slug = "code-expired"
    zh = "付款码已过期，请顾客刷新后再扫"
    en = "This pay code is too old; ask for a fresh one"


@dataclass(eq=False)
class CodeStopped(Refused):
    """The member stopped the code."""

    slug = "code-stopped"
    zh = "付款码已由本人停用"
    en = "This pay code was stopped by its owner"


@dataclass(eq=False)
class CodeNotFound(NotFound):
    """No such pay code in this bank."""

    slug = "code-not-found"
    zh = "没有这个付款码"
    en = "There is no such pay code"
    pay_code_id: str


@dataclass(eq=False)
class OwnCode(Forbidden):
    """A cashier does not take their own points."""

    slug = "own-code"
    zh = "不能在自己的收银端使用自己的付款码，请同事操作"
    en = "A cashier cannot take their own code; ask a colleague"


@dataclass(eq=False)
class CartEmpty(Malformed):
    """There is nothing in the cart."""

    slug = "cart-empty"
    zh = "账单金额为 0"
    en = "The bill is 0"


@dataclass(eq=False)
class QuotaUsed(Refused):
    """The merchant's points of the day are used up."""

    slug = "quota-used"
    zh = "本店今日的积分额度已用完"
    en = "This shop's points for today are used up"


@dataclass(eq=False)
class OutOfStock(Refused):
    """The thing or service is gone."""

    slug = "out-of-stock"
    zh = "已兑完"
    en = "None left"


@dataclass(eq=False)
class NothingUsable(Refused):
    """No point can be used on this bill; ``reason`` says why."""

    slug = "nothing-usable"
    zh = "这笔账单没有可用的积分（{reason}）"
    en = "No points can be used on this bill ({reason})"
    reason: str


@dataclass(eq=False)
class PointsTooMany(Refused):
    """More points were chosen than can be used."""

    slug = "points-too-many"
    zh = "最多可用 {points_most} 分，选择了 {points}"
    en = "At most {points_most} points can be used, {points} were chosen"
    redemption_id: str
    points: int
    points_most: int


@dataclass(eq=False)
class PinNeeded(Refused):
    """Above the limits of payments without PIN; the redemption stays open."""

    slug = "pin-needed"
    zh = "超过免密额度，需要本人输入密码"
    en = "Above the limits without PIN; the member's PIN is needed"
    redemption_id: str
    points: int


@dataclass(eq=False)
class RedemptionNotFound(NotFound):
    """No such redemption at this till."""

    slug = "redemption-not-found"
    zh = "本收银端没有这笔核销"
    en = "This till has no such redemption"
    redemption_id: str


@dataclass(eq=False)
class RedemptionExpired(Gone):
    """The redemption's own time is over, whether or not a job has run."""

    slug = "redemption-expired"
    zh = "这次扫码已超时，请重新扫码"
    en = "This scan is too old; scan again"
    redemption_id: str


@dataclass(eq=False)
class RequestCancelled(Refused):
    """The till cancelled this request before it arrived."""

    slug = "request-cancelled"
    zh = "这次请求已取消，没有扣分"
    en = "This request was cancelled; no points were taken"
    request_id: str


@dataclass(eq=False)
class RequestNotFound(NotFound):
    """The request never arrived; only cancelling it is safe."""

    slug = "request-not-found"
    zh = "没有收到过这次请求；如不再需要，请取消"
    en = "This request never arrived; cancel it if it is no longer wanted"
    request_id: str


@dataclass(eq=False)
class AlreadyPaid(Refused):
    """What is paid is not cancelled but voided or refunded."""

    slug = "already-paid"
    zh = "已经扣分，不能取消；当天可以撤销，之后可以退款"
    en = "The points are taken; void it today, or refund it later"
    redemption_id: str


@dataclass(eq=False)
class VoidTooLate(Gone):
    """A payment is voided on its own day only."""

    slug = "void-too-late"
    zh = "只能撤销当天的核销，请改用退款"
    en = "Only a payment of today can be voided; refund it instead"
    redemption_id: str


@dataclass(eq=False)
class RefundTooLate(Gone):
    """The time for refunds is over."""

    slug = "refund-too-late"
    zh = "已超过 {days} 天的退款期"
    en = "The {days} days for refunds are over"
    redemption_id: str
    days: int


@dataclass(eq=False)
class RefundTooMuch(Refused):
    """More would come back than was taken."""

    slug = "refund-too-much"
    zh = "最多还可退 {points_most} 分"
    en = "At most {points_most} points can still be refunded"
    redemption_id: str
    points_most: int


@dataclass(eq=False)
class NothingToRefund(Refused):
    """What remains of the bill still allows all points that were not given back."""

    slug = "nothing-to-refund"
    zh = "剩余账单仍可使用这些积分，无需退分"
    en = "What remains of the bill still allows these points; none come back"
    redemption_id: str


@dataclass(eq=False)
class RefundForbidden(Forbidden):
    """Above the limit, someone other than the cashier refunds."""

    slug = "refund-forbidden"
    zh = "累计退款超过 {points_most} 分，须由收款人以外的人办理"
    en = "Refunds above {points_most} points are for someone other than the cashier"
    points_most: int


@dataclass(eq=False)
class PinNotWanted(Refused):
    """No PIN is waited for, or not any more."""

    slug = "pin-not-wanted"
    zh = "这笔核销没有在等待密码"
    en = "Nobody waits for a PIN for this redemption"
    redemption_id: str


@dataclass(eq=False)
class CardNotFound(NotFound):
    """No such card in this bank."""

    slug = "card-not-found"
    zh = "没有这张付款卡"
    en = "There is no such card"
    card_id: str


@dataclass(eq=False)
class CardEnded(Refused):
    """The card was stopped, or a newer one took its place."""

    slug = "card-ended"
    zh = "这张付款卡已停用，请使用新卡或联系社区"
    en = "This card was stopped; use the new one, or ask the office"


@dataclass(eq=False)
class NotRegistering(Forbidden):
    """The operator did not let this shop put volunteers down."""

    slug = "not-registering"
    zh = "本店没有登记志愿者的权限，请联系互助社"
    en = "This shop may not register volunteers; ask the society"
    merchant_id: str
