"""``creditbank scheme``: files checked, explained, tried and adopted, and what is wrong named."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from typer.testing import CliRunner

from api.cli import app
from tests.programme import SCHEMES

COUNTY = SCHEMES / "county-with-shops.toml"
RUNNER = CliRunner()


def _said(*words: object) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["scheme", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def _wrong(folder: Path, text: str) -> Path:
    made = folder / "rules.toml"
    made.write_text(text, "utf-8")
    return made


def test_a_file_is_checked_by_line(tmp_path: Path) -> None:
    """A sound one is said to be; of any other every finding has its line, and the code is 1."""
    assert 0 == _said("check", COUNTY)[0]
    bad = _wrong(tmp_path, 'refund_day = 3\n[[assets]]\nasset = "XYB"\ncap_day = 0\n')
    code, _, said = _said("check", bad)
    assert 1 == code
    assert [1, 4] == [int(one) for one in re.findall(r"rules\.toml:(\d+):", said)]
    for words in (("explain", bad), ("simulate", bad, "--journal", bad)):
        assert 1 == _said(*words)[0]


def test_rules_are_read_aloud() -> None:
    """Chinese sentences; English ones for who asks; another language is refused."""
    code, said, _ = _said("explain", COUNTY)
    assert (0, True) == (code, "每人每天最多挣 30 信义贝。" in said)
    assert "One earns at most 30 信义贝 a day." in _said("explain", COUNTY, "--language", "en")[1]
    assert 1 == _said("explain", COUNTY, "--language", "fr")[0]


def test_a_journal_is_tried_or_its_rows_are_named(tmp_path: Path) -> None:
    """Per member and in all; with one bad row nothing is tried."""
    rules, sample = SCHEMES / "everything-else.toml", SCHEMES / "journal.csv"
    code, said, _ = _said("simulate", rules, "--journal", sample)
    assert 0 == code
    assert "M0001\tPOINT\tissued=10  expired=10  capped=15  refused=4" in said
    assert re.search(r"total\tHOUR\tissued=114 .* left=154", said)
    bad = tmp_path / "bad.csv"
    bad.write_text(sample.read_text("utf-8") + "2026-09-01,service,M0001,,care,,,,\n", "utf-8")
    code, said, why = _said("simulate", rules, "--journal", bad)
    assert (1, "") == (code, said)
    assert "line 15: minutes" in why


def test_a_file_is_adopted_for_good_and_for_a_term(tmp_path: Path) -> None:
    """Through the engine's own function: unsound, past or crossing dates are refused."""
    url = f"sqlite:///{tmp_path / 'rules.db'}"
    assert 0 == RUNNER.invoke(app, ["init", "--database", url, "--name", "信任互助社"]).exit_code
    rules = _wrong(tmp_path, 'grace_days = 9\n[[assets]]\nasset = "XYB"\nreward_most = 10\n')
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()

    def adopt(first: int, last: int | None = None) -> int:
        until = () if last is None else ("--until", today + timedelta(days=last))
        from_ = today + timedelta(days=first)
        return _said("adopt", rules, "--from", from_, "--database", url, *until)[0]

    assert [0, 0] == [adopt(1), adopt(5, 9)]
    assert [1, 1, 1] == [adopt(7), adopt(8, 12), adopt(-9)]
    code, said, _ = _said("show", "--database", url)
    assert (0, True) == (code, "年度结束后" in said)
    assert 2 == len(re.findall("sch_", said))
