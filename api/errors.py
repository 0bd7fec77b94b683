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
class RoleDenied(Forbidden):
    """The caller's role does not include this."""

    slug = "role-denied"
    zh = "“{role}”角色没有“{action}”的权限"
    en = "The role '{role}' does not include '{action}'"
    role: str
    action: str


@dataclass(eq=False)
class CallerSuspended(Forbidden):
    """The member or till behind the token is suspended."""

    slug = "caller-suspended"
    zh = "令牌所属的成员或收银端已停用"
    en = "The member or till behind this token is suspended"


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
class BodyUnusable(Malformed):
    """Fields of the request are missing, unknown or of the wrong kind."""

    slug = "body-unusable"
    zh = "请求内容有误，请看 errors 中的各项"
    en = "The request is not usable; see its 'errors'"


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
class DemonstrationRefused(Refused):
    """A demonstration is never played in a database that holds a real bank."""

    slug = "demonstration-refused"
    zh = "数据库中已有互助社“{bank}”，示范不会写入其中"
    en = "The database holds the bank '{bank}'; no demonstration is played in it"
    bank: str


@dataclass(eq=False)
class ImportRefused(Malformed):
    """Rows of a journal cannot be loaded, so nothing of it is; ``rows`` names the first 1,000."""

    slug = "import-refused"
    zh = "有 {bad} 行不能导入，未导入任何内容"
    en = "{bad} rows cannot be loaded; nothing was"
    bad: int
    rows: list[dict[str, Any]]
