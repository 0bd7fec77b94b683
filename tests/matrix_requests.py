"""What a request of each route says: its path, its query and a body that is meant well.

Bodies come from the description of the API, by the names of their fields; those that need more
sense stand in `_bodies`. Every id is that of the target.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.merchant_builders import STEP
from tests.world_builder import PASSWORD, PIN, journal, picture

Ids = Mapping[str, str]

# What a name means that is no id of a target.
WORDS: dict[str, Any] = {
    "name": "赵六",
    "phone": "13911112222",
    "document": "110105194912310099",
    "login": "clerk",
    "password": PASSWORD,
    "new_password": f"{PASSWORD}-too",
    "label": "program",
    "digest": "0" * 12,
    "proof": f"att_{'0' * 26}.{'0' * 64}",
    "allowed": False,
    "reason": "本人到场",
    "identity": "看过身份证",
    "asset": "XYB",
    "period": "2026",
    "kind": "state-conflict",
    "purpose": "photos",
    "purposes": ["photos"],
    "category": "patrol",
    "code": "000000",
    "pin": PIN,
    "device": "新手机",
    "trade": "茶馆",
    "parameters": {},
    "effective_from": "2026-04-01",
    "fields": ["phone"],
    "toml": STEP,
    "skill": "first-aid",
    "needy_id": f"ned_{'0' * 26}",
    "handout_id": f"hdo_{'0' * 26}",
    "service_id": f"svc_{'0' * 26}",
}


def _bodies(ids: Ids) -> dict[str, Any]:
    task = {
        "title": "清扫",
        "category": "patrol",
        "community_id": ids["community_id"],
        "place": "广场",
        "starts_at": "2026-03-09T09:00:00+08:00",
        "ends_at": "2026-03-09T10:00:00+08:00",
        "capacity": 2,
        "rewards": [{"asset": "XYB", "units": 1, "per": "person"}],
    }
    past = {one: task[one] for one in task if one != "capacity"} | {
        "starts_at": "2026-02-27T09:00:00+08:00",
        "ends_at": "2026-02-27T10:00:00+08:00",
        "member_ids": [ids["member_id"]],
    }
    scan = {"code": ids["digits"], "cart_fen": 3000}
    seen = {"identity": "document_seen", "channel": "present", "reason": "忘带手机"}
    role = {"role": "organiser", "community_id": ids["community_id"]}
    link = {"invitation": ids["invitation"], "password": PASSWORD, "device": "电脑"}
    return {
        "POST /members/{member_id}/personal-data/corrections": {
            "address": "新村一号",
            "reason": "本人到场",
        },
        "POST /members/{member_id}/assists": seen,
        "POST /members/{member_id}/delegates": {
            "delegate_member_id": ids["kin_id"],
            "points_day": 5,
        },
        "POST /members/{member_id}/erasures": {"goes": "expire"},
        "POST /departures": {"member_id": ids["kin_id"], "cause": "moved", "reason": "迁出"},
        "POST /merges": {"old_id": ids["kin_id"], "kept_id": ids["member_id"], "reason": "同一人"},
        "POST /staff/invitations": {"name": "赵六", "roles": [role]},
        "POST /staff/invitations/open": {"invitation": link["invitation"]},
        "POST /staff/invitations/accept": {**link, "login": "clerk"},
        "POST /staff/second-factor/restore": {
            **link,
            "invitation": f"inv_{'0' * 43}",
            "code": "000000",
        },
        "POST /staff/{staff_id}/grants": role,
        "POST /tokens": {
            "role": "till",
            "till_id": ids["till_id"],
            "days": 30,
            "label": "program",
        },
        "POST /till/pair": {"code": "00000000", "device": "收银台"},
        "POST /categories": {"code": "walk", "name": "陪伴"},
        "POST /tasks": task,
        "PATCH /tasks/{task_id}": {"title": "清扫广场"},
        "POST /tasks/{task_id}/claims": {"member_id": ids["member_id"]},
        "POST /tasks/{task_id}/family-claims": {
            "household_id": ids["household_id"],
            "member_ids": [ids["member_id"]],
        },
        "POST /tasks/{task_id}/team-claims": {
            "team_id": ids["team_id"],
            "member_ids": [ids["member_id"]],
        },
        "POST /tasks/{task_id}/sign-ins": {"claim_ids": [ids["claim_id"]]},
        "POST /tasks/{task_id}/sign-outs": {"claim_ids": [ids["claim_id"]]},
        "POST /claims/{claim_id}/notes": {"text": "人很多"},
        "POST /claims/{claim_id}/confirmation": {"agrees": True},
        "POST /afterwards": past,
        "POST /households": {"head_id": ids["kin_id"]},
        "POST /households/{household_id}/members": {
            "member_id": ids["kin_id"],
            "standing": "adult",
        },
        "POST /members/{member_id}/household/leave": {"household_id": ids["household_id"]},
        "POST /teams": {
            "name": "夕阳红队",
            "community_id": ids["community_id"],
            "leader_id": ids["kin_id"],
        },
        "POST /teams/{team_id}/members": {"member_id": ids["kin_id"]},
        "POST /teams/{team_id}/invitations": {"number": "M0001"},
        "POST /relatives": {
            "member_id": ids["kin_id"],
            "relative_id": ids["mate_id"],
            "relation": "sibling",
        },
        "POST /series": {one: task[one] for one in task if one not in {"starts_at", "ends_at"}}
        | {
            "rule": "FREQ=DAILY;COUNT=2",
            "first_on": "2026-03-09",
            "starts": "19:00",
            "lasts_minutes": 60,
        },
        "POST /series/{series_id}/change": {
            "from_task_id": ids["series_task_id"],
            "place": "西门",
        },
        "POST /series/{series_id}/cancel": {
            "from_task_id": ids["series_task_id"],
            "reason": "停办",
        },
        "POST /tasks/{task_id}/copies": {"days": ["2026-03-20"]},
        "POST /plans/copies": {
            "community_id": ids["community_id"],
            "week_on": "2026-03-09",
            "to_week_on": "2026-03-16",
        },
        "POST /pairs": {
            "elder_id": ids["kin_id"],
            "volunteer_id": ids["mate_id"],
            "category": "patrol",
            "rewards": task["rewards"],
        },
        "POST /pairs/{pair_id}/visits": {"visitor_ids": [ids["member_id"]]},
        "POST /pairs/{pair_id}/end": {"cause": "moved", "reason": "迁出"},
        "POST /lists": {"kind": "need", "title": "搬东西", "member_id": ids["member_id"]},
        "POST /lists/{entry_id}/task": {one: task[one] for one in task if one != "community_id"},
        "POST /rota": {
            "first_week": "2026-03-16",
            "weeks": 2,
            "community_id": ids["community_id"],
        },
        "POST /rota/swap": {
            "week_on": "2026-03-02",
            "other_week_on": "2026-03-09",
            "community_id": ids["community_id"],
        },
        "POST /rota/assign": {
            "week_on": "2026-03-09",
            "organisation_id": ids["organisation_id"],
            "community_id": ids["community_id"],
        },
        "POST /members/{member_id}/gifts": {
            "to_member_id": ids["kin_id"],
            "asset": "XYB",
            "units": 1,
            "pin": PIN,
        },
        "POST /members/{member_id}/services": {
            "kind": "offer",
            "title": "陪同看病",
            "category": "陪护",
            "minutes": 60,
        },
        "POST /handouts": {"asset": "XYB", "units_each": 1, "people": 1},
        "POST /skills": {"code": "cooking", "name": "烹饪"},
        "POST /claims/{claim_id}/thanks": {"text": "谢谢您"},
        "POST /merchants": {"name": "新店", "trade": "茶馆", "asset": "XYB"},
        "POST /scans": scan,
        "POST /scan-and-redeem": scan,
    }


QUERIES: dict[str, dict[str, str]] = {
    "GET /series/preview": {
        "rule": "FREQ=DAILY;COUNT=2",
        "first_on": "2026-03-09",
        "starts": "19:00",
        "lasts_minutes": "60",
    },
    "GET /rota": {"first_week": "2026-03-02"},
    "GET /members/{member_id}/statement": {"asset": "XYB"},
    "POST /imports": {"asset": "XYB"},
}


JOURNAL = journal()
PICTURE = picture()

# Of several of a kind, the one that an operation is about.
OTHERS: dict[str, dict[str, str]] = {
    "POST /tasks/{task_id}/sign-ins": {"task_id": "served_id"},
    "POST /tasks/{task_id}/sign-outs": {"task_id": "served_id"},
    "POST /claims/{claim_id}/withdraw-approval": {"claim_id": "approved_id"},
    "POST /claims/{claim_id}/thanks": {"claim_id": "approved_id"},
    "POST /teams/{team_id}/members/{member_id}/decline": {"member_id": "mate_id"},
    "POST /teams/{team_id}/members/{member_id}/role": {"member_id": "mate_id"},
    "POST /teams/{team_id}/members/{member_id}/leave": {"member_id": "mate_id"},
    "POST /claims/{claim_id}/second-look": {"claim_id": "approved_id"},
    "POST /members/{member_id}/phone/at-office": {"member_id": "kin_id"},
    "POST /call-list/{notice_id}/number": {"notice_id": "call_id"},
    "POST /call-list/{notice_id}/told": {"notice_id": "call_id"},
}


class Unforeseen(LookupError):
    """A name of a path or body that neither the world nor `WORDS` knows."""


def word(name: str, ids: Ids) -> Any:
    """Return what a name of a path or body stands for."""
    if name in ids:
        return ids[name]
    if name in WORDS:
        return WORDS[name]
    raise Unforeseen(name)


def body(name: str, schema: dict[str, Any], operation: dict[str, Any], ids: Ids) -> Any:
    """Return the body of a request, or None if it has none."""
    if name in (known := _bodies(ids)):
        return known[name]
    content = operation.get("requestBody", {}).get("content", {})
    if "text/csv" in content:
        return JOURNAL
    if "application/octet-stream" in content:
        return PICTURE
    if "application/json" not in content:
        return None
    return _value("body", content["application/json"]["schema"], schema, ids)


def _value(name: str, of: dict[str, Any], schema: dict[str, Any], ids: Ids) -> Any:
    """Return a value of a schema, the smallest that is meant well."""
    if "$ref" in of:
        of = schema["components"]["schemas"][of["$ref"].rpartition("/")[2]]
    if "properties" in of:
        wanted = [*of.get("required", ()), *(one for one in of["properties"] if one in ids)]
        return {one: _value(one, of["properties"][one], schema, ids) for one in wanted}
    if name in ids or name in WORDS:
        return word(name, ids)
    if "anyOf" in of:
        return _value(name, of["anyOf"][0], schema, ids)
    if of.get("type") == "array":
        return [_value(name, of["items"], schema, ids)]
    known = {"integer": int(of.get("minimum", 1)), "boolean": True}.get(of.get("type", ""))
    choices = [*of.get("enum", ()), *of.get("examples", ()), known]
    if choices[0] is None:
        raise Unforeseen(name)
    return choices[0]


def written(method: str, path: str, name: str, schema: dict[str, Any], ids: Ids) -> dict[str, Any]:
    """Return a request as the client takes it, but for who sends it."""
    operation = schema["paths"].get(path, {}).get(method.lower(), {})
    ids = {**ids, **{one: ids[other] for one, other in OTHERS.get(name, {}).items()}}
    fields = {one: word(one, ids) for one in re.findall(r"{(\w+)", path) if one != "slug"}
    text = re.sub(r"{(\w+)[^}]*}", lambda found: fields.get(found[1], "trust"), path)
    content = body(name, schema, operation, ids)
    request: dict[str, Any] = {"url": text, "params": QUERIES.get(name)}
    if isinstance(content, str | bytes):
        kind = "text/csv" if isinstance(content, str) else "application/octet-stream"
        request |= {"content": content, "headers": {"Content-Type": kind}}
    elif content is not None:
        request["json"] = content
    return request
