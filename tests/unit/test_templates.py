"""The laws of templates, read from their source: words, forms, scripts, addresses.

Each rule is a small function that lists findings. It is tried twice: on all templates, where it
must find nothing, and on a bad sample, where it must find something.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from jinja2 import nodes
from starlette.routing import compile_path

from api.app import create_app
from api.pages import assets
from api.pages.rendering import templates
from api.pages.sentences import DONE

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "api" / "templates"
PAGES = ROOT / "api" / "pages"
MONEY_WORDS = ("充值", "提现", "现金")
NOT_OF_RESIDENTS = ("till/", "office/", "shop/")
# Their forms write nothing in the books: they show another page, or keep the device's look.
WITHOUT_KEY = {
    *("member/settings.html", "parts/look.html"),
    *("office/need_parts.html", "office/roster.html"),
}
CHINESE = re.compile("[\u4e00-\u9fff]")
HALF_WIDTH = re.compile("[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]|[\u4e00-\u9fff]\\.(?!\\w)")
Rule = Callable[[str], list[str]]


def sources() -> Iterator[tuple[str, str]]:
    """Every template with its name."""
    for path in sorted(FOLDER.rglob("*.html")):
        yield str(path.relative_to(FOLDER)), path.read_text()


@cache
def tree(source: str) -> nodes.Template:
    """A template as it is understood; one that is not, fails here."""
    return templates().parse(source)


def calls(source: str, *names: str) -> Iterator[nodes.Call]:
    """The calls of some words."""
    for call in tree(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in names:
            yield call


def texts(node: nodes.Node) -> list[str]:
    """The literal texts that an expression is made of."""
    several = [node, *node.find_all(nodes.Const)]
    parts = [one.value for one in several if isinstance(one, nodes.Const)]
    return [one for one in parts if isinstance(one, str)]


# Rules over one source --------------------------------------------------------------------------


def lone_languages(source: str) -> list[str]:
    """Sentences that are not said in both languages, each in its place and its punctuation."""
    found = []
    for call in calls(source, "t"):
        if len(call.args) != 2 or call.dyn_args is not None:
            if call.dyn_args is None:
                found.append(f"line {call.lineno}: t() with {len(call.args)} texts")
            continue
        zh, en = (" ".join(texts(one)) for one in call.args)
        if len(CHINESE.findall(en)) > len(re.findall("[A-Za-z]", en)) and "中文" not in en:
            found.append(f"line {call.lineno}: Chinese in the English of {zh}")
        if HALF_WIDTH.search(zh):
            found.append(f"line {call.lineno}: half-width punctuation in {zh}")
    return found


def lost_languages(source: str) -> list[str]:
    """Chinese that stands in a template outside t()."""
    bare = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", "", source, flags=re.DOTALL)
    return [line.strip() for line in bare.splitlines() if CHINESE.search(line)]


def banned_words(source: str) -> list[str]:
    """Words for money that no resident's page says, and 证明 for a paper about hours."""
    return [word for word in (*MONEY_WORDS, "服务证明", "时长证明") if word in source]


def inline_code(source: str) -> list[str]:
    """Styles, scripts and handlers inside a page, which the policy forbids to run."""
    bare = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    plain = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", bare, flags=re.DOTALL)
    tags = re.findall(r"<[a-zA-Z][^<]*?>", plain)
    bad = r"\sstyle\s*=|\son[a-z]+\s*=|\shx-on|javascript:|\shx-vals\s*=\s*.js:"
    found = [tag for tag in tags if re.search(bad, tag, re.IGNORECASE)]
    found += re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", bare)
    return found + re.findall(r"<style\b|\{%-?\s*autoescape\s+false", bare)


def unescaped(source: str) -> list[str]:
    """Values that are written as they are."""
    return re.findall(r"\|\s*safe\b|Markup\(", source)


def loose_forms(source: str, *, keyless: bool = False) -> list[str]:
    """Forms that are sent without the word of their sitting, or without a key."""
    post = r"<form[^>]*method\s*=\s*.?post.*?</form>"
    forms = re.findall(post, source, re.DOTALL | re.IGNORECASE)
    wanted = {'name="csrf"'} if keyless else {'name="csrf"', 'name="key"'}
    return [form[:100] for form in forms if not all(one in form for one in wanted)]


def loose_addresses(source: str) -> list[str]:
    """Addresses that begin with a value, which might be `javascript:` or another house."""
    begins = r"(?:href|src|action|formaction|hx-get|hx-post)\s*=\s*\"(\{\{.*?\}\})"
    safe = r"\{\{\s*(?:base\b|asset\(|path\b|back\b|sign_in\b|page\.)"
    return [one for one in re.findall(begins, source) if not re.match(safe, one)]


def lost_assets(source: str) -> list[str]:
    """Files that are asked for and are not there."""
    named = (texts(call.args[0]) for call in calls(source, "asset") if call.args)
    return [name for names in named for name in names if name not in assets.every()]


BAD_SAMPLES: list[tuple[Rule, str]] = [
    (lone_languages, "{{ t('只有中文') }}"),
    (lone_languages, "{{ t('好的', '好') }}"),
    (lone_languages, "{{ t('好的,走', 'Go') }}"),
    (lost_languages, "<p>你好</p>"),
    (inline_code, '<p style="color:red">'),
    (inline_code, "<a onclick=x>"),
    (inline_code, "<script>alert(1)</script>"),
    (unescaped, "{{ name|safe }}"),
    (loose_addresses, '<a href="{{ link }}">'),
    (lost_assets, "{{ asset('nowhere.js') }}"),
]
RULES = list(dict.fromkeys(rule for rule, _ in BAD_SAMPLES))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_template_keeps_the_rule(rule: Rule) -> None:
    """No template has a finding."""
    found = [f"{name}: {finding}" for name, source in sources() for finding in rule(source)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "sample"), BAD_SAMPLES, ids=lambda one: getattr(one, "__name__", "")
)
def test_every_rule_finds_what_is_bad(rule: Rule, sample: str) -> None:
    """A rule that finds nothing in a bad sample would guard nothing."""
    assert rule(sample)


def test_every_template_can_be_made() -> None:
    """Every template compiles, and what it extends, includes and imports is there."""
    for name, source in sources():
        templates().get_template(name)
        kinds = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
        for kind in kinds:
            for one in tree(source).find_all(kind):
                for other in texts(one.template):
                    templates().get_template(other)


def test_residents_read_no_words_of_money() -> None:
    """Points are never sold or paid out, so no resident's page says a word of it."""
    found = [
        f"{name}: {word}"
        for name, source in sources()
        if not name.startswith(NOT_OF_RESIDENTS)
        for word in banned_words(source)
    ]
    found += [f"{word}: {bad}" for word, said in DONE.items() for bad in banned_words(said[0])]
    for side in ("public", "member"):
        for path in (PAGES / side).rglob("*.py"):
            found += [f"{path.name}: {word}" for word in banned_words(path.read_text())]
    assert not found, "\n".join(found)
    assert banned_words("去充值")


def test_every_form_that_writes_has_its_key() -> None:
    """A form that writes carries a fresh key and its sitting's word, by the macro or by itself."""
    found = [
        f"{name}: {form}"
        for name, source in sources()
        for form in loose_forms(source, keyless=name in WITHOUT_KEY)
    ]
    assert not found, "\n".join(found)
    assert loose_forms('<form class="x" method="post"><input name="csrf"></form>')
    macro = (FOLDER / "parts" / "forms.html").read_text()
    assert 'name="key" value="{{ new_key() }}"' in macro
    assert 'name="csrf" value="{{ csrf }}"' in macro


# Addresses ---------------------------------------------------------------------------------------


@cache
def known() -> dict[str, list[re.Pattern[str]]]:
    """Where a page can be asked for, and where a form can be sent."""
    found: dict[str, list[re.Pattern[str]]] = {"GET": [], "POST": []}
    for context in iter_route_contexts(create_app().routes):
        for method in context.methods or {"GET"}:
            if method in found:
                found[method].append(compile_path(str(context.path))[0])
    return found


def leads(method: str, address: str) -> bool:
    """Whether an address of a page leads anywhere; values in it stand for anything."""
    path = re.split(r"[?#]", address.replace("{{ base }}", "/b/trust"), maxsplit=1)[0]
    return any(pattern.fullmatch(path) for pattern in known()[method])


def links(source: str) -> Iterator[tuple[str, str]]:
    """The addresses of the house that a template names, with their methods."""
    bare = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    for attribute, rest in re.findall(
        r"\b(href|hx-get|src|action)=\"\{\{ base \}\}([^\"]*)\"", bare
    ):
        if "{%" in rest.partition("?")[0]:
            continue
        path = re.sub(r"\{\{.*?\}\}", "x", re.sub(r"(?<=\w)\{\{.*$", "", rest))
        if path.startswith("x"):  # a list of addresses: each stands by itself, below
            continue
        if attribute != "action" or 'method="get"' in bare:
            yield "GET", "{{ base }}" + path
    for one in tree(source).find_all((nodes.List, nodes.Tuple)):
        for text in one.find_all(nodes.Const):
            if isinstance(text.value, str) and re.fullmatch(r"(/[a-z][a-z-]*)+", text.value):
                yield "GET", "{{ base }}" + text.value
    for call in calls(source, "form", "one_button"):
        if call.args and (path := _written(call.args[0])) is not None:
            yield "POST", "{{ base }}" + path


def _written(node: nodes.Node) -> str | None:
    """An address as an expression writes it, with an x for every value; None if it may be any."""
    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.Concat):
        parts = [_written(one) or "x" for one in node.nodes]
        return "".join(parts) if isinstance(node.nodes[0], nodes.Const) else None
    if isinstance(node, nodes.Add):
        left, right = _written(node.left), _written(node.right)
        return None if left is None else left + (right or "x")
    return None


def test_every_link_leads_somewhere() -> None:
    """What a template links to is a page, and what it sends a form to takes forms."""
    found = [
        f"{name}: {method} {address}"
        for name, source in sources()
        for method, address in links(source)
        if not leads(method, address)
    ]
    assert not found, "\n".join(found)
    assert not leads("GET", "{{ base }}/nowhere/at/all")


def goings(source: str) -> Iterator[tuple[str | None, str | None]]:
    """Where a page's module sends browsers on to, and with which word."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "go":
            continue
        if not node.args:
            continue
        first, word = node.args[0], node.args[1] if len(node.args) > 1 else None
        path: str | None = None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            path = first.value
        elif isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
            parts = [
                str(one.value) if isinstance(one, ast.Constant) else "x" for one in first.values
            ]
            path = "".join(parts)
        yield path, word.value if isinstance(word, ast.Constant) else None


def test_every_deed_leads_on_and_says_what_was_done() -> None:
    """Where a deed sends the browser is a page, and what it says is a known sentence."""
    found = []
    for path in sorted(PAGES.rglob("*.py")):
        for address, word in goings(path.read_text()):
            if address is not None and not leads("GET", "{{ base }}" + address):
                found.append(f"{path.name}: no page {address}")
            if word is not None and word not in DONE:
                found.append(f"{path.name}: nothing is said after {word}")
    assert not found, "\n".join(found)


def test_done_sentences_stand_in_both_languages() -> None:
    """What is said after a deed is Chinese first, English second, and none of them twice."""
    for word, (zh, en) in DONE.items():
        assert CHINESE.search(zh), word
        assert not CHINESE.search(en), word
        assert not HALF_WIDTH.search(zh), word
