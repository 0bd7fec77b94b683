"""What a device is called in its owner's list: by what its browser says of itself, in few words."""

from __future__ import annotations

from fastapi import Request

# The first word that the browser says decides.
_KINDS = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "安卓手机 Android"),
    ("harmony", "鸿蒙手机 HarmonyOS"),
    ("windows", "Windows 电脑 PC"),
    ("macintosh", "苹果电脑 Mac"),
    ("linux", "Linux 电脑 PC"),
)
_OTHER = "浏览器 browser"
OF_STAFF_MOST = 40


def name_of(request: Request) -> str:
    """Return what a device is called; the same browser is always called the same."""
    said = request.headers.get("user-agent", "").lower()
    kind = next((name for word, name in _KINDS if word in said), _OTHER)
    return f"微信 WeChat · {kind}" if "micromessenger" in said else kind
