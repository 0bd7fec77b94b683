"""What can go wrong at the edge: who is calling, which server runs, and copies of the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from creditbank.core.errors import (
    Broken,
    Forbidden,
    Malformed,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)


@dataclass(eq=False)
class TokenMissing(Unauthenticated):
    """The request carries no bearer token."""

    slug = "token-missing"
    zh = "请求没有携带访问令牌"
    en = "The request carries no access token"


@dataclass(eq=False)
class TokenUnknown(Unauthenticated):
    """The token is not one of this bank, or was revoked."""

    slug = "token-unknown"
    zh = "访问令牌无效或已停用"
    en = "The access token is not known here, or was revoked"


@dataclass(eq=False)
class TokenNotFound(NotFound):
    """No such token in this bank."""

    slug = "token-not-found"
    zh = "没有这个访问令牌"
    en = "There is no such access token"
    token_id: str


@dataclass(eq=False)
class BeyondMaker(Forbidden):
    """A token gives no more than its maker may give."""

    slug = "beyond-maker"
    zh = "访问令牌的权限不能超出您能给予的范围，也不能超出持有人在任的角色"
    en = "A token gives no more than its maker may give, and its holder holds"


@dataclass(eq=False)
class PinsDiffer(Malformed):
    """A new PIN was not typed the same twice."""

    slug = "pins-differ"
    zh = "两次输入的密码不一样，请重新输入"
    en = "The two PINs are not the same; please type them again"


@dataclass(eq=False)
class RoleDenied(Forbidden):
    """The caller's role does not include this."""

    slug = "role-denied"
    zh = "“{role}”角色没有“{action}”的权限"
    en = "The role '{role}' does not include '{action}'"
    role: str
    action: str


@dataclass(eq=False)
class CallerSuspended(Forbidden):
    """The member or member of staff who calls is suspended."""

    slug = "caller-suspended"
    zh = "您的账户目前已停用，请联系社区工作人员"
    en = "Your account is suspended; the community office can help"


@dataclass(eq=False)
class CrossSite(Forbidden):
    """A write by cookie that was not sent by one of our pages."""

    slug = "cross-site"
    zh = "请求不是从本站页面发出的，请刷新页面后重试"
    en = "This was not sent by a page of ours; reload the page and try again"


@dataclass(eq=False)
class PathUnknown(NotFound):
    """There is no such address."""

    slug = "path-not-found"
    zh = "没有这个地址"
    en = "There is nothing at this address"


@dataclass(eq=False)
class MethodUnknown(Malformed):
    """The address exists, but not with this method."""

    slug = "method-not-allowed"
    zh = "这个地址不支持该请求方法"
    en = "This address does not take this method"


@dataclass(eq=False)
class BodyTooLarge(Malformed):
    """The request body is larger than the server takes."""

    slug = "body-too-large"
    zh = "请求内容过大，最多 {most_bytes} 字节"
    en = "The request is too large; {most_bytes} bytes is the most"
    most_bytes: int


@dataclass(eq=False)
class BodyUnreadable(Malformed):
    """The request body is not JSON."""

    slug = "body-unreadable"
    zh = "请求内容不是有效的 JSON"
    en = "The request body is not valid JSON"


@dataclass(eq=False)
class BodyKind(Malformed):
    """The request body is of another content type than this address takes."""

    slug = "body-kind-unknown"
    zh = "请求内容的类型（Content-Type）应为 {wanted}，字符集为 UTF-8"
    en = "The body's Content-Type must be {wanted}, in UTF-8"
    wanted: str


@dataclass(eq=False)
class BodyUnusable(Malformed):
    """Fields of the request are missing, unknown or of the wrong kind."""

    slug = "body-unusable"
    zh = "请求内容有误，请看 errors 中的各项"
    en = "The request is not usable; see its 'errors'"


@dataclass(eq=False)
class RateLimited(Forbidden):
    """Too many requests of one kind in a short time."""

    slug = "rate-limited"
    zh = "操作过于频繁，请在 {retry_after_s} 秒后再试"
    en = "Too many requests; try again in {retry_after_s} seconds"
    retry_after_s: int


@dataclass(eq=False)
class NotReady(Unavailable):
    """The server lives but cannot serve: ``part`` names what is missing."""

    slug = "not-ready"
    zh = "服务尚未就绪（{part}）：{reason}"
    en = "The server is not ready ({part}): {reason}"
    part: str
    reason: str


@dataclass(eq=False)
class SettingUnusable(Malformed):
    """A setting of the environment or the command line cannot be used."""

    slug = "setting-unusable"
    zh = "设置“{setting}”不可用：{reason}"
    en = "The setting '{setting}' is not usable: {reason}"
    setting: str
    reason: str


@dataclass(eq=False)
class SendingFailed(Unavailable):
    """A text was not taken over by the sender."""

    slug = "sending-failed"
    zh = "短信没有发出，请一分钟后重新获取"
    en = "The text was not sent; ask for another one in a minute"


@dataclass(eq=False)
class SenderMissing(Broken):
    """Production has no gateway for texts."""

    slug = "sender-missing"
    zh = "还没有设置短信网关（CREDITBANK_SMS_URL），不能发送验证码"
    en = "No gateway for texts is set (CREDITBANK_SMS_URL), so no code can be sent"


@dataclass(eq=False)
class InsecureBind(Broken):
    """The server would be reached from other machines without TLS."""

    slug = "insecure-bind"
    zh = (
        "没有 TLS 时不在非本机地址（{host}）上提供服务，可选三种办法："
        "一，给出证书：--certificate 文件 --key 文件；"
        "二，由本机的 TLS 代理转发：--host 127.0.0.1 --trusted-proxy 127.0.0.1；"
        "三，由另一台机器的代理终结 TLS：--behind-proxy --trusted-proxy 代理所在网络。"
        "见 docs/operations.md"
    )
    en = (
        "Without TLS nothing is served at {host}, which other machines reach. Three ways work: "
        "(1) --certificate FILE --key FILE; "
        "(2) a TLS proxy on this machine: --host 127.0.0.1 --trusted-proxy 127.0.0.1; "
        "(3) a TLS proxy elsewhere: --behind-proxy --trusted-proxy NETWORK. "
        "See docs/operations.md"
    )
    host: str


@dataclass(eq=False)
class CertificateUnusable(Broken):
    """The certificate and key cannot be used for TLS."""

    slug = "certificate-unusable"
    zh = "证书或密钥不可用（{file}）：{reason}"
    en = "The certificate or key is not usable ({file}): {reason}"
    file: str
    reason: str


@dataclass(eq=False)
class ServerFault(Unavailable):
    """A fault of ours; the server's log has it under the request's id."""

    slug = "server-fault"
    zh = "服务器出错了，请用同一幂等键重试；若仍出错，请把编号 {incident} 告诉管理员"
    en = "The server failed; try again with the same key, and quote {incident} if it stays"
    incident: str


@dataclass(eq=False)
class DatabaseUrlUnusable(Malformed):
    """The database URL cannot be read."""

    slug = "database-url-unusable"
    zh = "看不懂数据库地址“{url}”，例如 sqlite:///路径/文件.db 或 postgresql://…"
    en = "The database URL '{url}' is not usable; e.g. sqlite:///path/file.db or postgresql://…"
    url: str


@dataclass(eq=False)
class ServerRunning(Broken):
    """A server or worker is alive, so its tables must not be changed under it."""

    slug = "server-running"
    zh = "有服务正在运行（{server}），请先停止它，再等 30 秒"
    en = "A server is running ({server}); stop it and wait 30 seconds"
    server: str


@dataclass(eq=False)
class DatabaseNotEmpty(Refused):
    """A copy is brought back into an empty database only."""

    slug = "database-not-empty"
    zh = "目标数据库不是空的，不能在其中恢复备份：{database}"
    en = "The database is not empty, so no copy is restored into it: {database}"
    database: str


@dataclass(eq=False)
class BackupUnusable(Malformed):
    """The file is no copy of ours."""

    slug = "backup-unusable"
    zh = "这不是可用的备份文件：{file}（{reason}）"
    en = "This is no usable backup: {file} ({reason})"
    file: str
    reason: str


@dataclass(eq=False)
class BackupFailed(Unavailable):
    """The copy could not be made or brought back."""

    slug = "backup-failed"
    zh = "备份或恢复没有成功：{reason}"
    en = "The backup or restore did not succeed: {reason}"
    reason: str


@dataclass(eq=False)
class KeysBesideCopies(Refused):
    """Keys in the folder of the copies undo what keeping them apart is for."""

    slug = "keys-beside-copies"
    zh = "“{folder}”里有数据库备份；密钥应分开存放，确实要放在一起请加 --beside-copies"
    en = "'{folder}' holds copies of the database; keep keys apart, or say --beside-copies"
    folder: str


@dataclass(eq=False)
class CannotDistribute(Refused):
    """The tables cannot be spread over nodes here."""

    slug = "cannot-distribute"
    zh = "不能分布这个数据库：{why_zh}"
    en = "This database cannot be distributed: {why_en}"
    why_zh: str
    why_en: str


@dataclass(eq=False)
class DemonstrationRefused(Refused):
    """A demonstration is never played in a database that holds a real bank."""

    slug = "demonstration-refused"
    zh = "数据库中已有互助社“{bank}”，示范不会写入其中"
    en = "The database holds the bank '{bank}'; no demonstration is played in it"
    bank: str


@dataclass(eq=False)
class DemonstrationInProduction(Refused):
    """A demonstration's accounts are known to everyone."""

    slug = "demonstration-in-production"
    zh = "正式环境（CREDITBANK_PRODUCTION）中不运行示范：示范账户人人皆知"
    en = "No demonstration in production (CREDITBANK_PRODUCTION): everyone knows its accounts"


@dataclass(eq=False)
class ImportRefused(Malformed):
    """Rows of a journal cannot be loaded, so nothing of it is; ``rows`` names the first 1,000."""

    slug = "import-refused"
    zh = "有 {bad} 行不能导入，未导入任何内容"
    en = "{bad} rows cannot be loaded; nothing was"
    bad: int
    rows: list[dict[str, Any]]


@dataclass(eq=False)
class PhotoUnusable(Malformed):
    """What was uploaded is no photo that we take."""

    slug = "photo-unusable"
    zh = "照片无法使用（jpeg、png、webp）：{reason}"
    en = "The photo (jpeg, png, webp) is not usable: {reason}"
    reason: str
