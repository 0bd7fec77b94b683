"""Nothing lies about unused: styles, done-words, labels, and the names on the maps of wings."""

import ast
import gzip
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from api.pages.labels import LABELS
from api.pages.sentences import DONE

ROOT = Path(__file__).parents[2]
API = ROOT / "api"
SHEET_BYTES_MOST = 8_500
SET_BY_HTMX = {"htmx-request"}
WINGS = (
    *(f"creditbank/{one}" for one in ("exchange", "leaving", "ledger", "lists", "people")),
    *(f"creditbank/{one}" for one in ("recognition", "schemes", "service", "tasks")),
    *(
        "creditbank/core",
        "creditbank/identity",
        "merchants",
        "api",
        "api/edge",
        "api/papers",
        "api/words",
        "api/pages",
    ),
)


@cache
def _pages_in_words() -> str:
    """All that makes a page: templates, scripts of ours, and the modules of pages."""
    scripts = [one for one in (API / "static").glob("*.js") if ".min." not in one.name]
    several = [*(API / "templates").rglob("*.html"), *(API / "pages").rglob("*.py"), *scripts]
    several += [*(API / "papers").glob("*.py")]
    return "\n".join(one.read_text() for one in several if "zxing" not in one.name)


def unused(names: Iterable[str], words: str) -> list[str]:
    """The names that stand nowhere in some words."""
    known = set(re.findall(r"[A-Za-z][\w-]*", words))
    ends = set(re.findall(r"[\w-]+-(?={{|' ~|\" ~|\$\{)", words))
    return sorted(
        one for one in names if one not in known and not any(one.startswith(end) for end in ends)
    )


def classes(sheet: str) -> set[str]:
    """The classes that a style sheet speaks of."""
    rules = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", sheet, flags=re.DOTALL)
    return set(re.findall(r"\.([a-z][\w-]*)", rules))


@pytest.mark.parametrize("name", ["app.css", "wall.css"])
def test_every_class_of_a_sheet_is_used(name: str) -> None:
    """What no template and no script names is style for nobody; the sheet stays small."""
    sheet = (API / "static" / name).read_text()
    assert len(classes(sheet)) > 3
    assert [] == unused(classes(sheet) - SET_BY_HTMX, _pages_in_words())
    assert len(gzip.compress(sheet.encode(), 9)) <= SHEET_BYTES_MOST


def test_an_unused_class_is_found() -> None:
    """Of two classes the one that no page has is told, but not what is put together."""
    sheet = ".card{color:red}.lonely:hover>b{margin:.5rem}@media(width>1px){.tone-warm{top:0}}"
    assert {"card", "lonely", "tone-warm"} == classes(sheet)
    page = '<p class="card tone-{{ one }}">'
    assert ["lonely"] == unused(classes(sheet), page)


def _texts(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_done_word_is_said() -> None:
    """A sentence after a deed is asked for by some page's route."""
    said: set[str] = set()
    for path in (API / "pages").rglob("*.py"):
        if path.name != "sentences.py":
            said |= _texts(path)
    assert [] == sorted(set(DONE) - said)


def test_every_label_is_of_a_field() -> None:
    """What a field is called in words belongs to a form of a page, or to a refusal's field."""
    said: set[str] = set()
    for package in ("api", "creditbank", "merchants"):
        for path in (ROOT / package).rglob("*.py"):
            if path != API / "pages" / "labels.py":
                said |= _names(path)
    assert [] == sorted(set(LABELS) - said)


def _names(path: Path) -> set[str]:
    """The fields of the forms in a module, and its texts."""
    fields = {
        node.target.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    return fields | _texts(path)


@pytest.mark.parametrize("wing", WINGS)
def test_the_map_of_a_wing_names_every_room(wing: str) -> None:
    """Each module of a wing stands in the docstring of its `__init__`, and nothing that is gone."""
    folder = ROOT / wing
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    named = set(re.findall(r"``([a-z_]+)``", said))
    there = {one.stem for one in folder.glob("*.py")} - {"__init__", "__main__"}
    assert set() == there - named
