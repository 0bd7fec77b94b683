"""Everything that can go wrong, as types with fields; no HTTP here.

Families say what kind of failure it is (the web maps families to statuses in one table); leaves
carry a slug that never changes, a sentence in Chinese and one in English, and the fields a
program needs. ``final`` says whether the refusal is an outcome that an idempotency key remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


class CreditbankError(Exception):
    """Root of all errors that people may see. Programmer faults are assertions, not these."""

    slug: ClassVar[str]
    zh: ClassVar[str]
    en: ClassVar[str]
    final: ClassVar[bool] = True
    by_slug: ClassVar[dict[str, type[CreditbankError]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register a leaf under its slug, so that a stored refusal can be rendered again."""
        super().__init_subclass__(**kwargs)
        if "slug" in cls.__dict__:
            known = CreditbankError.by_slug.setdefault(cls.slug, cls)
            assert known is cls or known.__qualname__ == cls.__qualname__, cls.slug

    @property
    def figures(self) -> dict[str, Any]:
        """The fields of this error, ready for JSON."""
        names = getattr(self, "__dataclass_fields__", {})
        return {name: getattr(self, name) for name in names}

    def sentence(self, language: str = "en") -> str:
        """Say what happened to a person; ``language`` is ``zh`` or ``en``."""
        return (self.zh if language == "zh" else self.en).format(**self.figures)

    def __str__(self) -> str:
        """Say it in English."""
        return self.sentence("en")


class Malformed(CreditbankError):
    """The caller's words are wrong; nothing was looked at. Never an outcome of a key."""

    final = False


class Unauthenticated(CreditbankError):
    """Nobody we know."""

    final = False


class Forbidden(CreditbankError):
    """Known, but not allowed."""

    final = False


class NotFound(CreditbankError):
    """No such thing in this bank."""


class Refused(CreditbankError):
    """The state of things, or the funds, say no."""


class Gone(CreditbankError):
    """It was there, and its time is over."""


class Unavailable(CreditbankError):
    """The database cannot serve now; trying later may help."""

    final = False


class Broken(CreditbankError):
    """The installation is not in a state to work with: version, files, settings."""

    final = False


@dataclass(eq=False)
class BadAmount(Malformed):
    """An amount that is no whole number between 1 and the bound."""

    slug = "bad-amount"
    zh = "数量应为 1 到 {most} 之间的整数"
    en = "An amount is a whole number from 1 to {most}"
    most: int


@dataclass(eq=False)
class BadField(Malformed):
    """A named field of the caller's is unusable; ``reason`` says why in both languages' words."""

    slug = "bad-field"
    zh = "“{field}”填写有误：{reason}"
    en = "The field '{field}' is not usable: {reason}"
    field: str
    reason: str


@dataclass(eq=False)
class BadAddress(Malformed):
    """An account address that is not in the chart."""

    slug = "bad-address"
    zh = "没有这样的账户地址：{address}"
    en = "There is no account address like '{address}'"
    address: str


@dataclass(eq=False)
class KeyMissing(Malformed):
    """A write came without an idempotency key, or with one of the wrong length."""

    slug = "key-missing"
    zh = "缺少幂等键（Idempotency-Key,16 到 255 个字符）"
    en = "An Idempotency-Key of 16 to 255 characters is required"


@dataclass(eq=False)
class KeyReused(Malformed):
    """The same key came with other content."""

    slug = "key-reused"
    zh = "这个幂等键已用于另一项内容不同的操作"
    en = "This idempotency key was already used for something else"
    key: str


@dataclass(eq=False)
class AnswerGone(Gone):
    """The key is known and its effect stands, but the answer is no longer kept."""

    slug = "answer-gone"
    zh = "该操作已完成（{outcome}），结果详情已超过保存期"
    en = "This was done ({outcome}); the answer itself is no longer kept"
    outcome: str


@dataclass(eq=False)
class BankNotFound(NotFound):
    """No bank of that slug on this installation."""

    slug = "bank-not-found"
    zh = "没有名为“{bank}”的互助社"
    en = "There is no bank '{bank}' here"
    bank: str


@dataclass(eq=False)
class BankAmbiguous(Malformed):
    """More than one bank, and none was named."""

    slug = "bank-ambiguous"
    zh = "这里有多个互助社，请用 --bank 指明：{banks}"
    en = "There are several banks here, name one with --bank: {banks}"
    banks: str


@dataclass(eq=False)
class BankExists(Refused):
    """The slug is taken."""

    slug = "bank-exists"
    zh = "名为“{bank}”的互助社已存在"
    en = "A bank '{bank}' exists already"
    bank: str


@dataclass(eq=False)
class BankSuspended(Refused):
    """The bank is suspended; nothing is written."""

    slug = "bank-suspended"
    zh = "互助社“{bank}”已暂停服务"
    en = "The bank '{bank}' is suspended"
    bank: str


@dataclass(eq=False)
class AssetNotFound(NotFound):
    """The bank has no such asset."""

    slug = "asset-not-found"
    zh = "没有积分种类“{asset}”"
    en = "There is no asset '{asset}'"
    asset: str


@dataclass(eq=False)
class TransferNotFound(NotFound):
    """No such transfer in this bank."""

    slug = "transfer-not-found"
    zh = "没有这张凭证"
    en = "There is no such transfer"
    transfer_id: str


@dataclass(eq=False)
class AlreadyReversed(Refused):
    """A transfer is mended once."""

    slug = "already-reversed"
    zh = "这张凭证已经冲正过"
    en = "This transfer was reversed already"
    transfer_id: str


@dataclass(eq=False)
class NotReversible(Refused):
    """Opening and ending a hold is mended by the hold's own verbs."""

    slug = "not-reversible"
    zh = "这张凭证只是冻结或解冻，不能冲正"
    en = "This transfer only opened or ended a hold and cannot be reversed"
    transfer_id: str


@dataclass(eq=False)
class InsufficientPoints(Refused):
    """The source would fall below its floor."""

    slug = "insufficient-points"
    zh = "可用余额不足：可用 {available}，需要 {required}"
    en = "Not enough available: {available} there, {required} needed"
    asset: str
    available: int
    required: int


@dataclass(eq=False)
class CeilingReached(Refused):
    """The destination would rise above its ceiling."""

    slug = "ceiling-reached"
    zh = "账户已达上限：还可入账 {room}，需要 {required}"
    en = "The account is full: room for {room}, {required} needed"
    asset: str
    room: int
    required: int


@dataclass(eq=False)
class HoldNotFound(NotFound):
    """No such hold in this bank."""

    slug = "hold-not-found"
    zh = "没有这笔冻结"
    en = "There is no such hold"
    hold_id: str


@dataclass(eq=False)
class HoldClosed(Refused):
    """A hold resolves once."""

    slug = "hold-closed"
    zh = "这笔冻结已结束（{state}）"
    en = "This hold is over ({state})"
    hold_id: str
    state: str


@dataclass(eq=False)
class HoldExpired(Gone):
    """The hold's own time is over, whether or not a job has run."""

    slug = "hold-expired"
    zh = "这笔冻结已过期"
    en = "This hold has expired"
    hold_id: str


@dataclass(eq=False)
class InDebt(Refused):
    """Someone with something to earn back can serve, but not spend."""

    slug = "in-debt"
    zh = "还需先挣回 {still_to_earn_back}，之后才能使用"
    en = "Still to earn back: {still_to_earn_back}; spending waits until then"
    asset: str
    still_to_earn_back: int


@dataclass(eq=False)
class NotSpendable(Refused):
    """An honour asset is not spent, gifted or donated."""

    slug = "not-spendable"
    zh = "“{asset}”是荣誉积分，不能消费"
    en = "'{asset}' is an honour asset and cannot be spent"
    asset: str


@dataclass(eq=False)
class Busy(Refused):
    """Someone else holds a lock for too long; trying again with the same key is safe."""

    slug = "busy"
    zh = "系统正忙，请用同一请求号重试"
    en = "Busy; try again with the same key"
    final = False


@dataclass(eq=False)
class DatabaseUnavailable(Unavailable):
    """The database answered with a fault of its own: full, locked, read-only, gone."""

    slug = "database-unavailable"
    zh = "数据库暂时无法写入：{reason}"
    en = "The database cannot do this now: {reason}"
    reason: str


@dataclass(eq=False)
class WriterTaken(Unavailable):
    """Another process holds the writer's lock of this SQLite file."""

    slug = "writer-taken"
    zh = "数据库正由另一程序使用：{holder}。请先停止它，或改用只读命令"
    en = "Another program is writing to this database: {holder}. Stop it first"
    holder: str


@dataclass(eq=False)
class SchemaMissing(Broken):
    """The database has no tables of ours."""

    slug = "schema-missing"
    zh = "数据库还没有初始化，请先运行 creditbank init"
    en = "This database is not set up yet; run 'creditbank init' first"


@dataclass(eq=False)
class SchemaOlder(Broken):
    """The database was made by an older program."""

    slug = "schema-older"
    zh = "数据库版本（{found}）较旧，请先运行 creditbank migrate"
    en = "The database (version {found}) is older than this program; run 'creditbank migrate'"
    found: str


@dataclass(eq=False)
class SchemaNewer(Broken):
    """The database was made by a newer program."""

    slug = "schema-newer"
    zh = "数据库版本（{found}）比程序新，请升级程序"
    en = "The database (version {found}) is newer than this program; upgrade the program"
    found: str


@dataclass(eq=False)
class KeysUnusable(Broken):
    """The file with the persons' keys, or the master key, is missing, unreadable or another's."""

    slug = "keys-unusable"
    zh = "个人信息密钥文件（{file}）无法使用，请放回与本数据库相配的密钥文件"
    en = "The key file '{file}' cannot be used; put back the one that belongs to this database"
    file: str
