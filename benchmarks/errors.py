"""What can keep a benchmark from running, as sentences."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Broken, Malformed, Refused, Unavailable


@dataclass(eq=False)
class PostgresMissing(Unavailable):
    """There is no PostgreSQL that could be started here."""

    slug = "postgres-missing"
    zh = "无法启动 PostgreSQL：{reason}"
    en = "No PostgreSQL could be started: {reason}"
    reason: str


@dataclass(eq=False)
class DataInside(Refused):
    """A benchmark writes a great deal that can never be deleted."""

    slug = "data-inside"
    zh = "该数据库已有数据（{banks}），压测写入的记录无法删除；确需在其中压测请加 --force"
    en = (
        "That database has data in it ({banks}), and what a benchmark writes there stays for ever;"
        " add --force if that is meant"
    )
    banks: str


@dataclass(eq=False)
class NotDurable(Broken):
    """Figures of a database that may forget what it acknowledged would be compared with nothing."""

    slug = "not-durable"
    zh = "{engine} 的 {setting} 为 {found}，应为 {wanted}：掉电会丢失已确认的记录，不予测量"
    en = (
        "{engine} has {setting} = {found} where {wanted} is wanted: it may lose acknowledged work"
        " at a power cut, so nothing is measured"
    )
    engine: str
    setting: str
    found: str
    wanted: str


@dataclass(eq=False)
class AnchorFailed(Broken):
    """An external command did not do what it was asked for."""

    slug = "anchor-failed"
    zh = "对照程序 {name} 运行失败：{reason}"
    en = "The anchor {name} failed: {reason}"
    name: str
    reason: str


@dataclass(eq=False)
class CaseFailed(Broken):
    """A case was answered otherwise than it must be; its figures mean nothing."""

    slug = "case-failed"
    zh = "测试项 {case} 得到了不该有的结果：{reason}"
    en = "The case {case} was answered as it must not be: {reason}"
    case: str
    reason: str


@dataclass(eq=False)
class DiskFull(Unavailable):
    """The disk, or a limit of file sizes, ended the run."""

    slug = "disk-full"
    zh = "磁盘写不下了（已满、出错或达到文件大小上限），压测已停止：{reason}"
    en = "The disk takes no more (full, faulty, or a limit of file sizes); stopped: {reason}"
    reason: str


@dataclass(eq=False)
class NothingToMeasure(Malformed):
    """The options leave no case."""

    slug = "nothing-to-measure"
    zh = "按所选条件没有可测的项目：{reason}"
    en = "There is nothing to measure with these options: {reason}"
    reason: str


@dataclass(eq=False)
class MarksMissing(Malformed):
    """A page has no place for results."""

    slug = "marks-missing"
    zh = "文件 {name} 中没有放结果的位置：{begin} … {end}"
    en = "The page {name} has no place for results: {begin} … {end}"
    name: str
    begin: str
    end: str
