"""The vault: what it seals, what it refuses, and how its files live through changes."""

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from creditbank.core import key_files
from creditbank.core.errors import KeysUnusable
from creditbank.core.key_files import Held
from creditbank.core.vault import SET_SIZE, Vault

CANARY = "金丝雀"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A vault of its own files."""
    with closing(Vault(tmp_path / "persons.keys")) as made:
        yield made


def again(vault: Vault) -> Vault:
    """Another program's look at the same files."""
    return Vault(vault.file.keys, vault.file.master)


def test_what_was_sealed_comes_back(vault: Vault) -> None:
    """A text comes back whole, by another program too, and does not stand in the sealed form."""
    key_id = vault.new_key()
    sealed = vault.seal(key_id, "name", CANARY)
    with closing(again(vault)) as other:
        assert (
            CANARY == vault.unseal(key_id, "name", sealed) == other.unseal(key_id, "name", sealed)
        )
    assert CANARY not in sealed
    assert sealed != vault.seal(key_id, "name", CANARY)


def test_hashes_are_the_same_for_ever_and_another_vaults_are_others(
    vault: Vault, tmp_path: Path
) -> None:
    """A keyed hash is the same in every program of an installation, and only there."""
    with closing(again(vault)) as same, closing(Vault(tmp_path / "other.keys")) as other:
        assert vault.hashed("phone", "1") == same.hashed("phone", "1")
        assert vault.hashed("phone", "1") != vault.hashed("name", "1")
        assert vault.hashed("phone", "1") != other.hashed("phone", "1")


def test_the_files_are_for_their_owner_only(vault: Vault) -> None:
    """Key file and master key are made with mode 0600."""
    vault.new_key()
    for path in (vault.file.keys, vault.file.master):
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_on_disk_before_it_is_used(vault: Vault) -> None:
    """A second program opens what was sealed with a key that was only just handed out."""
    taken = [vault.new_key() for _ in range(SET_SIZE + 1)]
    with closing(again(vault)) as other:
        assert other.has(taken[-1])


@pytest.mark.parametrize(
    "change",
    [
        lambda sealed: sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:],
        lambda sealed: sealed[:12],
        lambda sealed: sealed.removeprefix("s1:"),
        lambda sealed: sealed + "é",
        lambda _: "s1:A",
        lambda _: "s1:",
        lambda _: "张三",
    ],
)
def test_a_changed_row_is_noticed(vault: Vault, change: object) -> None:
    """A sealed text that was touched, cut or replaced is an error, never another text."""
    key_id = vault.new_key()
    sealed = vault.seal(key_id, "name", CANARY)
    with pytest.raises(KeysUnusable):
        vault.unseal(key_id, "name", change(sealed))  # type: ignore[operator]


def test_a_sealed_text_cannot_be_moved(vault: Vault) -> None:
    """A text is good only as what it was sealed as, and only with its own key."""
    one, two = vault.new_key(), vault.new_key()
    sealed = vault.seal(one, "name", CANARY)
    for key_id, what in ((one, "phone"), (two, "name")):
        with pytest.raises(KeysUnusable):
            vault.unseal(key_id, what, sealed)


def test_a_destroyed_key_opens_nothing_anywhere(vault: Vault) -> None:
    """What a destroyed key sealed is gone at once, in a program that had used it, too."""
    key_id = vault.new_key()
    sealed = vault.seal(key_id, "name", CANARY)
    with closing(again(vault)) as other:
        assert CANARY == other.unseal(key_id, "name", sealed)
        vault.destroy(key_id)
        assert vault.unseal(key_id, "name", sealed) is None
        assert other.unseal(key_id, "name", sealed) is None
        assert not other.has(key_id)
        with pytest.raises(KeysUnusable):
            other.seal(key_id, "name", CANARY)


def test_a_destroyed_key_is_not_in_the_file(vault: Vault) -> None:
    """The bytes of a destroyed key are overwritten in the key file; its id stays."""
    key_id = vault.new_key()
    with closing(sqlite3.connect(vault.file.keys)) as at:
        select = "SELECT wrapped FROM person_key WHERE key_id = ?"
        wrapped = at.execute(select, [key_id]).fetchone()[0]
        assert wrapped in vault.file.keys.read_bytes()
        vault.destroy(key_id)
        assert b"" == at.execute(select, [key_id]).fetchone()[0]
    assert wrapped not in vault.file.keys.read_bytes()
    assert Held(keys=SET_SIZE - 1, destroyed=1, old_master=False) == vault.held()


def test_a_key_the_file_never_knew_is_another_files(vault: Vault, tmp_path: Path) -> None:
    """A key of another file is an error, unlike a destroyed one."""
    with closing(Vault(tmp_path / "other.keys")) as other:
        foreign = other.new_key()
        sealed = other.seal(foreign, "name", CANARY)
    with pytest.raises(KeysUnusable):
        vault.unseal(foreign, "name", sealed)


def test_a_wrong_master_opens_nothing_and_changes_nothing(vault: Vault, tmp_path: Path) -> None:
    """Another master key, a damaged or a missing one is refused, and the file stays as it was."""
    vault.new_key()
    vault.close()
    before = vault.file.keys.read_bytes()
    for text in ("00" * 32, "00" * 16, "no key", None):
        master = tmp_path / "wrong.master"
        if text is None:
            master.unlink()
        else:
            master.write_text(text)
        with closing(Vault(vault.file.keys, master)) as wrong, pytest.raises(KeysUnusable):
            wrong.new_key()
        assert (text is not None) == master.exists()
    assert before == vault.file.keys.read_bytes()


def test_a_damaged_key_file_is_refused(vault: Vault) -> None:
    """A file that is no key file is not made into one."""
    vault.new_key()
    vault.close()
    vault.file.keys.write_bytes(b"not a database, certainly not" * 40)
    with closing(again(vault)) as other, pytest.raises(KeysUnusable):
        other.new_key()


def test_no_new_file_for_a_database_that_has_persons(tmp_path: Path) -> None:
    """Where persons are known, a missing key file is refused, and none is made."""
    with closing(Vault(tmp_path / "persons.keys")) as vault:
        vault.belong(lambda: ["key_of_somebody"], begin=True)
        with pytest.raises(KeysUnusable):
            vault.require()
    assert [] == list(tmp_path.iterdir())


def test_a_look_makes_no_file(tmp_path: Path) -> None:
    """Who only reads begins no files, even where nobody is known yet."""
    with closing(Vault(tmp_path / "persons.keys")) as vault:
        vault.belong(list, begin=False)
        with pytest.raises(KeysUnusable):
            vault.hashed("phone", "1")
    assert [] == list(tmp_path.iterdir())


def test_another_databases_file_is_refused(vault: Vault, tmp_path: Path) -> None:
    """A key file that does not know a person's key is another's; one that destroyed it is not."""
    mine = vault.new_key()
    with closing(Vault(tmp_path / "other.keys")) as other:
        other.require()
        other.close()
        other.belong(lambda: [mine], begin=True)
        with pytest.raises(KeysUnusable):
            other.require()
    vault.destroy(mine)
    vault.close()
    vault.belong(lambda: [mine], begin=True)
    vault.require()


def test_a_file_that_is_replaced_under_a_running_program_is_noticed(
    vault: Vault, tmp_path: Path
) -> None:
    """No key is handed out from a file that is no longer in its place."""
    vault.new_key()
    with closing(Vault(tmp_path / "other.keys")) as other:
        other.new_key()
    (tmp_path / "other.keys").replace(vault.file.keys)
    with pytest.raises(KeysUnusable):
        vault.new_key()
    vault.file.keys.unlink()
    with pytest.raises(KeysUnusable):
        vault.new_key()
    assert not vault.file.keys.exists()


def test_a_copy_put_back_in_place_goes_on(vault: Vault, tmp_path: Path) -> None:
    """A copy of the file opens what was sealed before it was made; spare keys it lacks are gone."""
    key_id = vault.new_key()
    sealed = vault.seal(key_id, "name", CANARY)
    assert SET_SIZE == vault.file.backup(tmp_path / "copy.keys")
    assert 0o600 == stat.S_IMODE((tmp_path / "copy.keys").stat().st_mode)
    for _ in range(SET_SIZE):
        vault.new_key()
    (tmp_path / "copy.keys").replace(vault.file.keys)
    assert CANARY == vault.unseal(key_id, "name", sealed)
    assert vault.has(vault.new_key())


def test_threads_take_different_keys(vault: Vault) -> None:
    """Keys that several threads ask for at once are all different, and all there."""
    taken: list[str] = []
    threads = [
        threading.Thread(target=lambda: taken.extend(vault.new_key() for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 200 == len(set(taken))
    assert all(map(vault.has, taken))


_PROGRAM = """
import sys
from pathlib import Path
from creditbank.core.vault import Vault
vault = Vault(Path(sys.argv[1]))
print(vault.hashed("phone", "1"))
for _ in range(150):
    key_id = vault.new_key()
    print(key_id, vault.seal(key_id, "name", "x"))
"""


def test_programs_that_begin_at_once_share_one_file(vault: Vault) -> None:
    """Programs that begin at the same time have one master key, one secret, and lose no key."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(vault.file.keys)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [one.communicate()[0].splitlines() for one in started]
    assert [0, 0, 0] == [one.returncode for one in started]
    assert {vault.hashed("phone", "1")} == {lines[0] for lines in said}
    rows = [line.split() for lines in said for line in lines[1:]]
    assert 450 == len({key_id for key_id, _ in rows})
    assert {"x"} == {vault.unseal(key_id, "name", sealed) for key_id, sealed in rows}


def test_a_new_master_key_loses_nothing(vault: Vault) -> None:
    """After a rotation every key opens, in running programs too, and the old master is useless."""
    key_id = vault.new_key()
    sealed, looked_up = vault.seal(key_id, "name", CANARY), vault.hashed("phone", "1")
    gone = vault.new_key()
    vault.destroy(gone)
    before = vault.file.master.read_text()
    with closing(again(vault)) as running:
        assert CANARY == running.unseal(key_id, "name", sealed)
        assert SET_SIZE - 1 == vault.file.rotate()
        assert before != vault.file.master.read_text()
        assert CANARY == running.unseal(key_id, "name", sealed)
        assert CANARY == vault.unseal(key_id, "name", sealed)
        assert looked_up == running.hashed("phone", "1")
        taken = [running.new_key() for _ in range(SET_SIZE + 1)]
    with closing(again(vault)) as other:
        assert Held(2 * SET_SIZE + SET_SIZE - 1, 1, old_master=True) == other.held()
        assert all(map(other.has, taken))
    old = vault.file.master.with_name(vault.file.master.name + ".old")
    assert before == old.read_text()
    with closing(Vault(vault.file.keys, old)) as wrong, pytest.raises(KeysUnusable):
        wrong.require()
    assert not vault.file.confirm().old_master
    assert not old.exists()


@pytest.mark.parametrize("at", ["_wrap_anew", "_settle"])
def test_a_rotation_that_broke_off_is_finished_by_the_next(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Wherever a rotation stops, the file opens, keys go on, and the next rotation ends it."""
    key_id = vault.new_key()
    sealed = vault.seal(key_id, "name", CANARY)
    calls = iter([False, True]) if at == "_settle" else iter([True])
    kept = getattr(key_files.KeyFile, at)

    def broken(*words: object) -> object:
        if next(calls):
            raise OSError(28, "no space left")
        return kept(*words)

    with monkeypatch.context() as patch:
        patch.setattr(key_files.KeyFile, at, broken)
        with pytest.raises(KeysUnusable):
            vault.file.rotate()
    with closing(again(vault)) as other:
        assert CANARY == other.unseal(key_id, "name", sealed)
        assert other.has(other.new_key())
        other.file.rotate()
        assert CANARY == vault.unseal(key_id, "name", sealed)
        assert not vault.file.master.with_name(vault.file.master.name + ".new").exists()
        assert not other.file.confirm().old_master
