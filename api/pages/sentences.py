"""What is said after a deed: by a word in the next page's address, never by free text in it."""

from __future__ import annotations

from collections.abc import Mapping

# word → (中文, English); each side of the house adds its own below, in the order of its pages.
DONE: Mapping[str, tuple[str, str]] = {
    "saved": ("已保存", "Saved"),
    "signed-out": ("已退出登录", "You are signed out"),
}
