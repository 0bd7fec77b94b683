"""The key file beside its database: settings, refusals, copies, rotation, restoring without it."""

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from api.vaults import vault_of
from creditbank.core.database import Database
from creditbank.core.vault import keys_path
from creditbank.people import members, persons
from creditbank.people.communities import create
from tests.integration.test_cli import run, told
from tests.web import OPERATOR, new_key

CANARY = "金丝雀"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A SQLite database with one bank and one member."""
    url = f"sqlite:///{tmp_path / 'trust.db'}"
    assert 0 == run("init", "--database", url, "--name", "信任互助社").exit_code
    register(url)
    return url


def register(url: str) -> str:
    """Take a member in."""
    with Database(url, vault=vault_of(url)) as it:
        bank_id = it.bank().bank_id
        community = it.write(bank_id, OPERATOR, lambda u: create(u, key=new_key(), name=new_key()))
        made = it.write(
            bank_id,
            OPERATOR,
            lambda u: members.register(u, key=new_key(), name=CANARY, community_id=community),
        )
    return made.member_id


def names(url: str) -> list[str]:
    """Return the names of all members, read beside a server."""
    with Database(url, writing=False, vault=vault_of(url)) as it:
        bank_id = it.bank().bank_id
        everyone = it.read(bank_id, lambda view: members.listing(view).members)
        known = it.read(bank_id, lambda view: persons.names(view, [m.member_id for m in everyone]))
    return sorted(known.values())


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "--port", "0"],
        ["worker", "--once"],
        ["token", "create", "operator"],
        ["bank", "create", "other", "--name", "另一社"],
    ],
)
def test_nothing_writes_without_the_keys(url: str, tmp_path: Path, words: list[str]) -> None:
    """Serve and writing commands refuse a database whose key file is gone, and make none."""
    keys = tmp_path / "trust.db.keys"
    keys.rename(tmp_path / "elsewhere")
    if words[:2] == ["token", "create"]:
        words = ["token", "create", "--role", "operator"]
    told(run(*words, "--database", url), "trust.db.keys", "密钥")
    assert not keys.exists()


def test_another_key_file_is_refused(url: str, tmp_path: Path) -> None:
    """A key file of another database is refused, and so is a missing master key."""
    other = f"sqlite:///{tmp_path / 'other.db'}"
    run("init", "--database", other, "--name", "另一社")
    keys = tmp_path / "trust.db.keys"
    mine = keys.read_bytes()
    shutil.copyfile(tmp_path / "other.db.keys", keys)
    told(run("worker", "--once", "--database", url), "密钥")
    keys.write_bytes(mine)
    (tmp_path / "trust.db.keys.master").unlink()
    told(run("worker", "--once", "--database", url), "master")
    assert not (tmp_path / "trust.db.keys.master").exists()


def test_a_look_needs_no_keys_and_makes_none(url: str, tmp_path: Path) -> None:
    """The audit and a backup work without the key file, and leave none behind."""
    for name in ("trust.db.keys", "trust.db.keys.master"):
        (tmp_path / name).unlink()
    assert 0 == run("audit", "--database", url).exit_code
    assert 0 == run("backup", str(tmp_path / "copies"), "--database", url).exit_code
    told(run("keys", "status", "--database", url), "密钥")
    assert [] == [one.name for one in tmp_path.rglob("*keys*")]


def test_the_settings_say_where_keys_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CREDITBANK_KEYS and CREDITBANK_MASTER_KEY are honoured by every command."""
    monkeypatch.setenv("CREDITBANK_KEYS", str(tmp_path / "safe" / "keys"))
    monkeypatch.setenv("CREDITBANK_MASTER_KEY", str(tmp_path / "vault" / "master"))
    url = f"sqlite:///{tmp_path / 'trust.db'}"
    assert 0 == run("init", "--database", url, "--name", "信任互助社").exit_code
    register(url)
    assert [CANARY] == names(url)
    said = run("keys", "status", "--database", url).output
    assert str(tmp_path / "safe" / "keys") in said
    assert str(tmp_path / "vault" / "master") in said
    assert not (tmp_path / "trust.db.keys").exists()


def test_keys_of_postgres_lie_in_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server database has its keys in the user's data folder, by host, port and name."""
    from creditbank.core.engines import normalised

    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    expected = Path("/data/creditbank/db-5433-county.keys")
    assert expected == keys_path(normalised("postgresql://app@db:5433/county"))


def test_copies_of_keys_are_kept_apart(url: str, tmp_path: Path) -> None:
    """The key file's copy is for its owner only, without master, and not among database copies."""
    assert 0 == run("backup", str(tmp_path / "copies"), "--database", url).exit_code
    beside = str(tmp_path / "copies" / "k")
    told(run("keys", "backup", beside, "--database", url), "--beside-copies")
    assert not Path(beside).exists()
    made = run("keys", "backup", str(tmp_path / "apart" / "k"), "--database", url)
    assert 0 == made.exit_code, made.output
    assert 0o600 == stat.S_IMODE((tmp_path / "apart" / "k").stat().st_mode)
    assert ["k"] == [one.name for one in (tmp_path / "apart").iterdir()]
    assert ["creditbank"] == [one.name[:10] for one in (tmp_path / "copies").iterdir()]
    assert 0 == run("keys", "backup", beside, "--beside-copies", "--database", url).exit_code


def test_a_new_master_key_is_rotated_in_and_confirmed(url: str, tmp_path: Path) -> None:
    """Rotate, look, confirm: all names stay, the old master goes, the status says so."""
    master = tmp_path / "trust.db.keys.master"
    before = master.read_text()
    assert 0 == run("keys", "rotate", "--database", url).exit_code
    assert before != master.read_text()
    assert "confirm" in run("keys", "status", "--database", url).output
    assert [CANARY] == names(url)
    assert 0 == run("keys", "confirm", "--database", url).exit_code
    assert "confirm" not in run("keys", "status", "--database", url).output
    register(url)
    assert [CANARY, CANARY] == names(url)


def _restored_with_keys(url: str, other: str, tmp_path: Path) -> None:
    """Put the keys of a database beside its restored copy."""
    for suffix in (".keys", ".keys.master"):
        shutil.copyfile(f"{tmp_path}/trust.db{suffix}", f"{tmp_path}/new.db{suffix}")
    assert names(url) == names(other)


def _restored_without(_url: str, other: str, _tmp_path: Path) -> None:
    """Try to serve a restored copy whose keys are nowhere."""
    told(run("worker", "--once", "--database", other), "密钥")


@pytest.mark.parametrize("then", [_restored_with_keys, _restored_without])
def test_a_copy_without_keys_has_whole_books_and_no_names(
    url: str, tmp_path: Path, then: Callable[[str, str, Path], None]
) -> None:
    """Restoring without the keys proves the books, says that names are unreadable, makes none."""
    run("backup", str(tmp_path / "copies"), "--database", url)
    copy = next((tmp_path / "copies").iterdir())
    other = f"sqlite:///{tmp_path / 'new.db'}"
    done = run("restore", str(copy), "--database", other)
    assert 0 == done.exit_code, done.output
    assert "names are unreadable" in done.stderr
    assert not (tmp_path / "new.db.keys").exists()
    assert 0 == run("audit", "--database", other).exit_code
    then(url, other, tmp_path)
