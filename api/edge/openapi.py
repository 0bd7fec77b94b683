"""The description of the API, made complete: problems, rights and words on every route.

Routes name the refusals that are their own; what every route of a kind can answer (401, 403, 422,
503, a missing key) is added here, so that no route can forget it.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import errors as edge
from api.edge.problems import MEDIA_TYPE, Problem, status_of
from creditbank.core import errors
from creditbank.core.errors import CreditbankError

TAGS = [
    {"name": "banks", "description": "互助社 · the tenant, its assets"},
    {"name": "communities", "description": "社区 · parts of a bank"},
    {"name": "erasures", "description": "注销 · wishes to be forgotten"},
    {"name": "personal data", "description": "个人信息 · seen, revealed, corrected, exported"},
    {"name": "members", "description": "成员 · people, their balances, statements and pay codes"},
    {"name": "joining", "description": "加入 · applying, is this you, admission"},
    {"name": "households", "description": "家庭 · who lives together"},
    {"name": "teams", "description": "志愿服务队 · leaders, members, who joins them"},
    {"name": "relatives", "description": "亲属 · who is family, as the office has seen it"},
    {"name": "skills", "description": "技能 · what tasks ask for, and who has it"},
    {"name": "thanks", "description": "电子锦旗 · notes of thanks for a service"},
    {"name": "consents", "description": "同意 · what members agreed to, and withdrew"},
    {"name": "notices", "description": "通知 · what members must be told"},
    {"name": "call list", "description": "待通知 · whom the office tells by telephone"},
    {"name": "sign-in", "description": "登录 · codes to a phone, devices, payment PINs"},
    {"name": "merges", "description": "合并 · two rows that are one person"},
    {"name": "departures", "description": "离社 · who moved away or died, and their points"},
    {"name": "staff", "description": "工作人员 · sign-in of people in office, invitations, roles"},
    {"name": "assists", "description": "代办 · the office acts for a member who is present"},
    {"name": "tasks", "description": "任务 · needs, claims, attendance"},
    {"name": "evidence", "description": "佐证 · photos, notes, the beneficiary's word"},
    {"name": "afterwards", "description": "补录 · activities noted down when they are over"},
    {"name": "series", "description": "系列 · tasks that recur, copies of tasks and plans"},
    {"name": "pairs", "description": "结对帮扶 · who looks after whom, visits, who is short"},
    {
        "name": "lists",
        "description": "三张清单 · needs, resources, projects, and what came of them",
    },
    {"name": "rota", "description": "值班 · partner organisations, week by week"},
    {"name": "reviews", "description": "审核 · someone else looks, credits are issued once"},
    {"name": "merchants", "description": "商户 · partners, offers, tills"},
    {"name": "tills", "description": "收银端 · pairing, cashiers and their turns"},
    {"name": "redemptions", "description": "核销 · the till: scan, redeem, receipt, refund"},
    {"name": "cards", "description": "付款卡 · printed cards for people without a phone"},
    {"name": "delegates", "description": "代办人 · who pays for a member, within a cap"},
    {"name": "rankings", "description": "年终排名 · periods, previews and frozen lists"},
    {"name": "gifts", "description": "转赠与捐赠 · gifts to family, donations, the funds"},
    {"name": "needy", "description": "困难成员 · who is in need, hand-outs by two people"},
    {"name": "services", "description": "互助服务 · members do something for each other"},
    {"name": "ledger", "description": "总账 · transfers, circulation, the audit"},
    {"name": "tokens", "description": "访问令牌 · what programs and tills call with"},
    {"name": "trail", "description": "操作记录 · who did what"},
    {"name": "jobs", "description": "定时作业 · what the scheduler has done"},
    {"name": "imports", "description": "导入 · foreign journals"},
    {"name": "service", "description": "服务 · health, and what each problem means"},
]

DESCRIPTION = """
社区时间银行与积分引擎。 A community time bank and credit-points engine.

- **Who**: `Authorization: Bearer cbt_…`, a token of the bank in the path.
- **Once**: every write carries an `Idempotency-Key`; after a lost answer send the same request
  again. The first outcome comes back, refusals too.
- **Errors**: problem details (RFC 9457); `type` leads to its explanation.
- **Unseen changes**: tasks and the scheme come with an `ETag`; a write with `If-Match` is refused
  (412) if they have changed since. `If-None-Match` saves reading the same again (304).
- **Bodies** are `application/json` in UTF-8, every key once, at most 20 levels deep.
- **Lists** are paged by cursor: send `next` of one page as `after` of the following one.
- **Amounts** are whole units of an asset; `_fen` is yuan × 100. Times are RFC 3339 with offset.
"""

_OF_CALLERS = (edge.TokenMissing, edge.TokenUnknown, edge.RoleDenied, edge.CallerSuspended)
_OF_ALL = (errors.BankNotFound, errors.DatabaseUnavailable, edge.BodyUnusable)
_OF_BODIES = (edge.BodyUnreadable, edge.BodyTooLarge, edge.BodyKind)
_OF_WRITES = (
    errors.KeyMissing,
    errors.KeyReused,
    errors.AnswerGone,
    errors.BankSuspended,
    errors.Busy,
)


def refusals(*kinds: type[CreditbankError]) -> dict[int | str, dict[str, Any]]:
    """Return how a route's own refusals stand in its description, by status."""
    told: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status = status_of(kind)
        line = f"`{kind.slug}` — {kind.zh} / {kind.en}"
        before = told.get(status, {}).get("description")
        told[status] = {"description": f"{before}\n\n{line}" if before else line}
    return told


def install(app: FastAPI) -> None:
    """Let the app describe itself completely."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _whole(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _whole(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
    )
    schemas = schema["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs")
    schemas["Problem"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in schema["paths"].values():
        for verb, operation in operations.items():
            _complete(operation, takes_body=verb != "get")
    return schema


def _complete(operation: dict[str, Any], *, takes_body: bool) -> None:
    answers = operation["responses"]
    answers.pop("422", None) if _is_default(answers.get("422")) else None
    for kind in (*_common(operation), *(_OF_BODIES if takes_body else ())):
        for status, told in refusals(kind).items():
            present = answers.setdefault(str(status), {"description": ""})
            present["description"] = "\n\n".join(
                part for part in (present["description"], told["description"]) if part
            )
    for status, told in answers.items():
        if int(status) >= 400:  # noqa: PLR2004 - where problems begin
            told["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _is_default(answer: dict[str, Any] | None) -> bool:
    return answer is not None and answer["description"] == "Validation Error"


def _common(operation: dict[str, Any]) -> list[type[CreditbankError]]:
    kinds: list[type[CreditbankError]] = []
    said = {one["name"].lower() for one in operation.get("parameters", ())}
    if "security" in operation:
        kinds += _OF_CALLERS
    if "slug" in said:
        kinds += _OF_ALL
    elif said:
        kinds += [edge.BodyUnusable]
    if "idempotency-key" in said:
        kinds += _OF_WRITES
    return kinds
