"""Spreadsheets in every bad form: read row by row or told, and written so that nothing runs."""

import csv
import io
import time
import zipfile
from dataclasses import dataclass
from datetime import date, datetime

import pytest
from openpyxl import Workbook, load_workbook

from api.papers import member_files, spreadsheets
from api.papers.member_files import Checked, Ground
from api.papers.spreadsheets import BadSpreadsheet, Row, Trouble, Value, Written
from creditbank.core.values import Asset, AssetKind
from creditbank.identity.arrivals import Newcomer

TODAY = date(2026, 11, 23)
ASSETS = (Asset("XYB", "信义贝", 0, AssetKind.SPENDABLE), Asset("HRS", "时间", 1, AssetKind.HONOUR))
GROUND = Ground({"桥西社区": "com_1"}, ASSETS, TODAY)


def book(*rows: object, merged: str = "") -> bytes:
    """An XLSX of one sheet."""
    made = Workbook()
    sheet = made.active
    for row in rows:
        sheet.append(row)  # type: ignore[union-attr, arg-type]
    if merged:
        sheet.merge_cells(merged)  # type: ignore[union-attr]
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@dataclass(frozen=True)
class Whole:
    """A spreadsheet that was read to its end."""

    written_as: str
    rows: tuple[Row, ...]
    merged: tuple[str, ...]


def read(content: bytes, *, rows_most: int) -> Whole:
    """Read all of a spreadsheet."""
    with spreadsheets.opened(io.BytesIO(content), rows_most=rows_most) as sheet:
        return Whole(sheet.written_as, tuple(sheet.rows), sheet.merged)


def listed(content: bytes) -> tuple[list[Newcomer], Checked]:
    """Who is on a list, and what is known of it when it was read."""
    made = Checked()
    with spreadsheets.opened(io.BytesIO(content), rows_most=1000) as sheet:
        people = list(member_files.read(sheet, GROUND, made))
    made.faults.sort(key=lambda one: one.line)
    return people, made


def people(content: bytes) -> list[Newcomer]:
    """Who is on a list."""
    return listed(content)[0]


def told(content: bytes) -> list[tuple[int, str, str]]:
    """What is wrong with a list, by row and column."""
    return [(one.line, one.column, one.zh) for one in listed(content)[1].faults]


def one_line(**cells: object) -> bytes:
    """A CSV with one person."""
    said = {"姓名": "张三", "社区": "桥西社区"} | cells
    text = io.StringIO()
    csv.writer(text).writerows([said.keys(), said.values()])
    return text.getvalue().encode()


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("gb18030", "GB18030")]
)
def test_a_csv_is_read_in_the_encodings_of_offices(encoding: str, name: str) -> None:
    """UTF-8 with and without its mark, and GB18030, are told apart and read alike."""
    content = "姓名,手机号,社区\r\n张三,13800000001,桥西社区\r\n".encode(encoding)
    assert name == read(content, rows_most=10).written_as
    assert ["张三"] == [one.name for one in people(content)]


@pytest.mark.parametrize(
    "cell",
    ["1956-3-1", "1956/3/1", "1956.3.1", "1956年3月1日", "19560301", "20515", "１９５６－３－１"],
)
def test_a_day_is_read_in_all_the_styles_of_offices(cell: str) -> None:
    """Five ways to write a day, and Excel's own number, are the same day."""
    assert date(1956, 3, 1) == people(one_line(出生日期=cell))[0].born_on


@pytest.mark.parametrize(
    ("cell", "zh"),
    [
        ("1956-2-31", "没有这一天"),
        ("3/1/1956", "看不懂这个日期"),
        ("1956", "看不懂这个日期"),
        ("2030-1-1", "日期不在"),
        ("1800-1-1", "日期不在"),
    ],
)
def test_a_day_that_is_none_is_told(cell: str, zh: str) -> None:
    """A day that never was, one in another order, and one to come are told, never guessed."""
    [(line, column, said)] = told(one_line(出生日期=cell))
    assert (2, "出生日期") == (line, column)
    assert zh in said


def test_days_and_numbers_of_excel_cells_are_read() -> None:
    """A date cell, a number cell that is a phone, and a points cell are what they look like."""
    content = book(
        ["姓名", "手机号", "出生日期", "社区", "期初信义贝", "期初时间"],
        ["张三", 13800000001, datetime(1956, 3, 1), "桥西社区", 120, 1.5],  # noqa: DTZ001
    )
    [one] = people(content)
    assert ("13800000001", date(1956, 3, 1)) == (one.phone, one.born_on)
    assert (("XYB", 120), ("HRS", 15)) == one.openings


@pytest.mark.parametrize("cell", ["1.38E+10", "1.38e10", "1.38E+010"])
def test_a_phone_eaten_by_excel_is_refused_with_advice(cell: str) -> None:
    """What Excel made of a phone is never guessed; the column is to be formatted as text."""
    [(line, column, said)] = told(one_line(手机号=cell))
    assert (2, "手机号") == (line, column)
    assert "“文本”格式" in said


def test_a_number_that_excel_rounded_is_refused() -> None:
    """A document number kept as a number has lost its last digits."""
    content = book(["姓名", "证件号", "社区"], ["张三", 110101195603010012, "桥西社区"])
    [(_, column, said)] = told(content)
    assert "证件号" == column
    assert "“文本”格式" in said


def test_formulas_are_seen_and_not_computed() -> None:
    """A formula in an XLSX or a CSV is told where it stands."""
    [(line, column, said)] = told(
        book(["姓名", "社区", "期初信义贝"], ["张三", "桥西社区", "=1+1"])
    )
    assert (2, "期初信义贝") == (line, column)
    assert "公式" in said
    assert Trouble.FORMULA in read(b"a,b\n=HYPERLINK(1),2\n", rows_most=9).rows[1].cells
    assert "0138" == read(b'a\n"=""0138"""\n', rows_most=9).rows[1].cells[0]


def test_merged_cells_are_told_and_a_merged_title_is_not() -> None:
    """Merged cells of the list are told; a title above the head is how offices write."""
    rows = (["桥西社区名册", None], ["姓名", "社区"], ["张三", "桥西社区"], ["李四", None])
    assert [] == told(book(*rows[:3], merged="A1:B1"))
    found = told(book(*rows, merged="B3:B4"))
    assert (3, "B3:B4") == found[0][:2]


def test_wrong_columns_are_told() -> None:
    """An unknown column, one that is there twice, and one that is missing are told by name."""
    found = told("姓名,姓名,爱好,手机号\n张三,张三,棋,\n".encode())
    assert {
        (1, "姓名", "这一列出现了两次"),
        (1, "社区", "缺少这一列"),
        (1, "爱好", "不认识这一列，请改成模板里的列名，或删掉它"),
    } <= set(found)
    assert "没有找到表头" in told(b"a,b\n1,2\n")[0][2]


def test_every_error_is_told_at_once_by_row_and_column() -> None:
    """Three rows with an error each, and twins, are all told in one go."""
    content = (
        "姓名,手机号,社区,期初信义贝\n"
        ",13800000001,桥西社区,\n"
        "李四,138,桥西社区,\n"
        "王五,13800000002,没有社区,-3\n"
        "赵六,13800000003,桥西社区,\n"
        "钱七,13800000003,桥西社区,\n"
    ).encode()
    assert [
        (2, "姓名"),
        (3, "手机号"),
        (4, "社区"),
        (4, "期初信义贝"),
        (6, "手机号"),
    ] == [(line, column) for line, column, _ in told(content)]


def test_who_is_under_14_is_not_taken_in_by_a_list() -> None:
    """A consent on paper does not count for a child: a guardian must come along."""
    [(_, column, said)] = told(one_line(出生日期="2015-1-1", 已签同意书="是"))
    assert "已签同意书" == column
    assert "监护人" in said


def test_too_many_rows_are_refused_quickly() -> None:
    """A file of 100,000 rows is told to be divided before it is read."""
    made = Workbook(write_only=True)
    sheet = made.create_sheet()
    sheet.append(["姓名", "社区"])
    for n in range(100_000):
        sheet.append([f"人{n}", "桥西社区"])
    out = io.BytesIO()
    made.save(out)
    begun = time.process_time()
    with pytest.raises(BadSpreadsheet, match="at most 20,000 rows"):
        read(out.getvalue(), rows_most=20_000)
    assert 5 > time.process_time() - begun
    with pytest.raises(BadSpreadsheet, match="at most 100 rows"):
        read(b"a\n" * 101, rows_most=100)


def test_a_row_far_below_all_others_costs_nothing() -> None:
    """A row at the very end of a sheet is read at once; below any end the file is broken."""

    def with_row(number: int) -> bytes:
        plain, out = zipfile.ZipFile(io.BytesIO(book(("姓名", "社区")))), io.BytesIO()
        row = f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>张三</t></is></c></row>'
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
            for name in plain.namelist():
                part = plain.read(name).replace(b"</sheetData>", f"{row}</sheetData>".encode())
                made.writestr(name, part)
        return out.getvalue()

    sheet = read(with_row(spreadsheets.LINES_MOST), rows_most=10)
    assert [1, spreadsheets.LINES_MOST] == [one.number for one in sheet.rows]
    with pytest.raises(BadSpreadsheet):
        read(with_row(2_000_000_000), rows_most=10)


def test_what_grows_when_unpacked_is_refused() -> None:
    """A small archive of many zeros, and XML that defines entities, are not read."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * (spreadsheets.STRINGS_MOST + 1))
    with pytest.raises(BadSpreadsheet, match="too large when unpacked"):
        read(bomb.getvalue(), rows_most=10)
    laughs = io.BytesIO()
    with zipfile.ZipFile(laughs, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
    with pytest.raises(BadSpreadsheet, match="broken"):
        read(laughs.getvalue(), rows_most=10)


@pytest.mark.parametrize("name", ["xl/strings.bin", "xl/worksheets/strings.xml"])
def test_texts_are_bounded_whatever_their_part_is_called(name: str) -> None:
    """A part is what the list of contents says it is, not what its name looks like."""
    plain = zipfile.ZipFile(io.BytesIO(book(("姓名", "社区"), ("张三", "桥西"))))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    said = f'<Override PartName="/{name}" ContentType="{kind}"/></Types>'.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for one in plain.namelist():
            made.writestr(one, plain.read(one).replace(b"</Types>", said))
        made.writestr(name, b"<sst>" + b" " * spreadsheets.STRINGS_MOST + b"</sst>")
    with pytest.raises(BadSpreadsheet, match="too large when unpacked"):
        read(out.getvalue(), rows_most=10)


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 not a zip", b"\xd0\xcf\x11\xe0 old", b"\x00\x01", b"\xff\xfea\x00", b"\xff" * 9],
)
def test_what_is_no_spreadsheet_is_told(content: bytes) -> None:
    """A broken file, an old one, and bytes of something else are refused in words."""
    with pytest.raises(BadSpreadsheet):
        read(content, rows_most=10)


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@x", "\t=1", "＝1", "<script>"])
def test_nothing_that_is_written_runs(text: str) -> None:
    """No cell of a CSV or an XLSX is a formula, and a text read back is the same."""
    content = spreadsheets.write_csv(["名"], [[text]])
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\r\n")
    [[cell]] = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
    assert cell[0] not in "=+-@\t＝"
    book = load_workbook(io.BytesIO(spreadsheets.write_xlsx(Written("表", ["名"], [[text]]))))
    written = book.active["A2"]  # type: ignore[index]
    assert ("s", text.replace("\t", "")) == (written.data_type, str(written.value).strip())


def test_phones_stay_text_and_come_back() -> None:
    """A phone abroad is written without becoming a sum, and reads back as it was."""
    rows: list[list[Value]] = [["张三", "+85261234567", 12]]
    for content in (
        spreadsheets.write_csv(["姓名", "手机", "数"], rows),
        spreadsheets.write_xlsx(Written("表", ["姓名", "手机", "数"], rows)),
    ):
        found = read(content, rows_most=9).rows[1].cells[:3]
        assert ("张三", "+85261234567", "12") == found


def test_a_template_filled_in_is_a_list() -> None:
    """What the template's head says is what is read."""
    content = member_files.template_csv(ASSETS)
    line = "张三,13800000001,,1956.3.1,桥西社区,一号楼,A7,是,12,\r\n"
    [one], made = listed(content + line.encode())
    assert [] == made.faults
    assert ({"XYB": 12}, ("service",)) == (made.totals, one.purposes)
    sheet = read(member_files.template_xlsx(ASSETS, ["桥西社区"]), rows_most=9)
    assert "期初信义贝" in sheet.rows[0].cells
