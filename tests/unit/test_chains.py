"""Chains: what people really paste, and what is read of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.papers import chains
from api.papers.chains import Entry


def names(text: str) -> list[str]:
    """The first names of all entries."""
    return [one.name for one in chains.read(text).entries]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#接龙\n周六扫雪\n\n1. 张三\n2. 李四\n3. 王五", ["张三", "李四", "王五"]),
        ("#接龙\r\n扫雪\r\n例 张三 1人\r\n\r\n1. 李四 1人\r\n2. 王五", ["李四", "王五"]),
        ("1、张三\n2、李四（家属1）\n3 王五 +1", ["张三", "李四", "王五"]),
        ("１．张三\n２，李四\n３）王五", ["张三", "李四", "王五"]),
        ("1️⃣张三\n2️⃣ 李四👍\n3️⃣🌸王五🌸", ["张三", "李四", "王五"]),
        ("①张三\n②李四\n⒊王五", ["张三", "李四", "王五"]),
        ("1.张　三\n2. 李 四\n3. 欧阳 明月", ["张三", "李四", "欧阳"]),
        ("(1) 张三\n【2】李四\n第3位 王五\n4号：赵六", ["张三", "李四", "王五", "赵六"]),
        ("12月3日 9:00 扫雪\n3楼活动室集合\n1张三\n2李四", ["张三", "李四"]),
        ("1. 时间：周六 9:00\n2. 地点：二号桥\n1. 张三\n2. 李四", ["张三", "李四"]),
        ("一、张三\n二、李四\n十一、王五", ["张三", "李四", "王五"]),
        ("1. \n2. 李四\n3.\n4. 王五", ["李四", "王五"]),
        ("张三\n李四 晚到\n买买提·吐尔逊", ["张三", "李四", "买买提·吐尔逊"]),
        ("1. @张三\u2005\n2. \u200b李四\u202e\n3. Tom Smith", ["张三", "李四", "Tom Smith"]),
        ("Group Note\n1. 张三\n2. 李四", ["张三", "李四"]),
        ("1. M0012\n2. 张三 M0013", ["M0012", "张三"]),
        ("", []),
        ("大家好，明天见。这是一条很长很长的通知，没有任何人的名字在里面。", []),
    ],
)
def test_names_are_read_from_what_people_paste(text: str, expected: list[str]) -> None:
    """Numbers of any kind, full-width signs, pictures, spaces, headings and examples."""
    assert expected == names(text)


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("1. 张三", 0),
        ("1. 张三 +1", 1),
        ("1. 张三＋2", 2),
        ("1. 张三（家属1）", 1),
        ("1. 张三 带2个孩子", 2),
        ("1. 张三 3人", 2),
        ("1. 张三 1人", 0),
        ("1. 张三 一家", None),
        ("1. 张三 晚到10分钟", 0),
    ],
)
def test_who_comes_along_is_told(line: str, more: int | None) -> None:
    """People without a name are counted where a number says so, and noticed where none does."""
    assert [more] == [one.more for one in chains.read(line).entries]


def test_one_line_may_name_several() -> None:
    """Further names are handed on as what they may be, not taken for sure."""
    found = chains.read("1. 张三、李四\n2. 王五 赵六 晚到").entries
    assert [("张三", ("李四",)), ("王五", ("赵六", "晚到"))] == [(e.name, e.others) for e in found]


def test_a_name_that_stands_twice_is_marked() -> None:
    """The second line of the same name says so."""
    assert [False, False, True] == [
        one.again for one in chains.read("1. 张三\n2. 李四\n3. 张三").entries
    ]


def test_what_is_no_entry_is_handed_back() -> None:
    """Nobody disappears in silence: lines after the first entry that are none are told."""
    found = chains.read("#接龙 扫雪\n1. 张三\n谢谢大家，辛苦啦\n2. 李四\n3. ？？？")
    assert ("扫雪", ("谢谢大家,辛苦啦", "3. ???")) == (found.title, found.left_out)


def test_an_entry_keeps_its_remark() -> None:
    """What stands after a name is shown beside it."""
    assert (Entry(1, "张三", (), 0, "(下午晚到一会儿)"),) == chains.read(
        "1. 张三（下午晚到一会儿）"
    ).entries


def test_a_name_that_is_markup_is_no_name() -> None:
    """Markup is never read as a name."""
    assert [] == names("1. <script>alert(1)</script>\n2. {{7*7}}")


def test_a_list_longer_than_a_group_says_so() -> None:
    """More lines than a group has people are cut, and that is told."""
    long = "\n".join(f"{n}. 张三" for n in range(1, 300))
    found = chains.read(long)
    assert (chains.ENTRIES_MOST, True) == (len(found.entries), found.too_many)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    """Whatever is pasted, reading it ends without an error, and names are short and plain."""
    for one in chains.read(text).entries:
        assert one.name.strip() == one.name
        assert 1 <= len(one.name) <= 30
