"""The API's description as one page: drawn here, with no script and nothing from another origin.

Its style is in the page; the policy of its answer names that style by its hash and no other.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --green: #067a3d; --line: #8884; }
body { font: 1rem/1.6 system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif; margin: auto;
  max-width: 60rem; padding: 1rem; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 3rem; border-bottom: 2px solid var(--green); }
nav a { margin-right: 1rem; white-space: nowrap; }
a { color: inherit; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0;
  padding: .5rem 1rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { color: #fff; background: var(--green); border-radius: .25rem; padding: .1rem .5rem;
  margin-right: .5rem; font-size: .8rem; }
summary span { float: right; opacity: .75; }
code, pre { font-family: ui-monospace, monospace; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid var(--line); border-radius: .25rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .25rem .5rem;
  border-bottom: 1px solid var(--line); }
th { white-space: nowrap; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_VERB_ORDER = ("get", "post", "put", "patch", "delete")


def page(schema: dict[str, Any]) -> str:
    """Return the page of an OpenAPI description."""
    info = schema["info"]
    tags = {tag["name"]: tag["description"] for tag in schema["tags"]}
    links = "".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in tags)
    sections = "".join(_section(schema, name, text) for name, text in tags.items())
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} API <small>{escape(info['version'])}</small></h1>"
        f"{_words(info['description'])}"
        '<p><a href="/openapi.json">openapi.json</a> · <a href="/problems">problems</a></p>'
        f"<nav>{links}</nav>{sections}</body></html>"
    )


def _words(text: str) -> str:
    """Draw the little of Markdown that our descriptions use."""
    drawn = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text.strip()))
    drawn = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", drawn)
    drawn = re.sub(r"^- ", "• ", drawn, flags=re.MULTILINE)
    return "".join(
        f"<p>{part}</p>".replace("\n• ", "<br>• ") for part in drawn.split("\n\n") if part
    )


def _section(schema: dict[str, Any], tag: str, text: str) -> str:
    drawn = "".join(
        _operation(schema, path, verb, operations[verb])
        for path, operations in schema["paths"].items()
        for verb in _VERB_ORDER
        if verb in operations and tag in operations[verb]["tags"]
    )
    return f'<h2 id="{escape(tag)}">{escape(tag)}</h2>{_words(text)}{drawn}'


def _operation(schema: dict[str, Any], path: str, verb: str, one: dict[str, Any]) -> str:
    rows = "".join(_parameter(each) for each in one.get("parameters", ()))
    parameters = f"<h4>Parameters</h4><table>{rows}</table>" if rows else ""
    answers = "".join(
        f"<tr><th>{escape(status)}</th><td>{_words(answer['description'])}"
        f"{_content(schema, answer) if int(status) < 400 else ''}</td></tr>"  # noqa: PLR2004
        for status, answer in sorted(one["responses"].items())
    )
    body = ""
    if "requestBody" in one:
        body = f"<h4>Body</h4>{_content(schema, one['requestBody'])}"
    return (
        f'<details id="{escape(one["operationId"])}"><summary><b>{verb.upper()}</b>'
        f"<code>{escape(path)}</code> <span>{escape(one['summary'])}</span></summary>"
        f"{_words(one['description'])}{parameters}{body}"
        f"<h4>Answers</h4><table>{answers}</table></details>"
    )


def _parameter(one: dict[str, Any]) -> str:
    must = " *" if one.get("required") else ""
    return (
        f"<tr><th><code>{escape(one['name'])}</code>{must}</th><td>{escape(one['in'])}</td>"
        f"<td>{_words(one.get('description', ''))}</td></tr>"
    )


def _content(schema: dict[str, Any], holder: dict[str, Any]) -> str:
    drawn = []
    for media, content in holder.get("content", {}).items():
        told = content.get("schema", {})
        shape = json.dumps(dict(_fields(schema, told)), ensure_ascii=False, indent=2)
        examples = _target(schema, told).get("examples", [])
        shown = "".join(
            f"<pre>{escape(json.dumps(example, ensure_ascii=False, indent=2))}</pre>"
            for example in examples
        )
        drawn.append(f"<code>{escape(media)}</code><pre>{escape(shape)}</pre>{shown}")
    return "".join(drawn)


def _target(schema: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in told:
        found: dict[str, Any] = schema["components"]["schemas"][told["$ref"].rpartition("/")[2]]
        return found
    return told


def _fields(schema: dict[str, Any], told: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a schema with a short word for the type of each."""
    one = _target(schema, told)
    if one.get("type") == "array":
        yield "[…]", dict(_fields(schema, one["items"])) or _type(schema, one["items"])
    for name, field in one.get("properties", {}).items():
        yield name, _type(schema, field)


def _type(schema: dict[str, Any], told: dict[str, Any]) -> Any:
    one = _target(schema, told)
    if "anyOf" in one:
        return " | ".join(str(_type(schema, each)) for each in one["anyOf"])
    if "enum" in one:
        return " | ".join(map(str, one["enum"]))
    if one.get("type") == "array":
        return [_type(schema, one["items"])]
    if "properties" in one:
        return {name: _type(schema, field) for name, field in one["properties"].items()}
    bounds = [f"{one[side]}" for side in ("minimum", "maximum") if side in one]
    kind = str(one.get("format") or one.get("type", "any"))
    return f"{kind} ({' – '.join(bounds)})" if bounds else kind
