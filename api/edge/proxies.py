"""Who really asks: the address of the connection, or what a listed proxy says about it.

A forwarding header is a claim of whoever sent it. It counts only if the connection comes from a
proxy of the settings; then the right-most address that is no such proxy is the client's. What
stands further left was written by the client and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from api.settings import Networks

Address = IPv4Address | IPv6Address

NOBODY = "unknown"
_FORWARDED = {b"x-forwarded-for", b"x-forwarded-proto", b"forwarded", b"x-real-ip", b"via"}
_HOPS_MOST = 32
_SITE_BITS = 64  # what one subscriber of IPv6 is given


def read(text: str) -> Address | None:
    """Return the address that a text names, with or without a port; None if it names none."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def client(peer: Address | None, forwarded: Sequence[str], trusted: Networks) -> Address | None:
    """Return the client of a connection: ``forwarded`` are its X-Forwarded-For headers."""
    if peer is None or not listed(peer, trusted):
        return peer
    hops = [hop for header in forwarded for hop in header.split(",")]
    found = peer
    for hop in reversed(hops[-_HOPS_MOST:]):
        named = read(hop)
        if named is None:
            break
        found = named
        if not listed(found, trusted):
            break
    return found


def listed(address: Address, trusted: Networks) -> bool:
    """Tell whether an address is in one of the networks."""
    return any(address in network for network in trusted)


def name_of(scope: Scope) -> str:
    """Return the name that a client is counted by: its address, or its network for IPv6."""
    found = read(scope["client"][0]) if scope.get("client") else None
    if isinstance(found, IPv6Address):
        site: IPv6Network = ip_network((found, _SITE_BITS), strict=False)  # type: ignore[assignment]
        return str(site)
    return NOBODY if found is None else str(found)


def is_near(scope: Scope, trusted: Networks) -> bool:
    """Tell whether a request was made on this machine or by a listed one, forwarded by nobody."""
    if any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    found = read(scope["client"][0]) if scope.get("client") else None
    return found is not None and (found.is_loopback or listed(found, trusted))


class Proxies:
    """Puts the client's address and scheme, as listed proxies tell them, into every request."""

    def __init__(self, app: ASGIApp, trusted: Networks, *, ends_tls: bool = False) -> None:
        """Wrap an app; with ``ends_tls`` a listed proxy that names no scheme speaks TLS."""
        self._app = app
        self._trusted = trusted
        self._unsaid = ["https"] if ends_tls else []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its true client."""
        if scope["type"] == "http" and self._trusted and scope.get("client"):
            peer = read(scope["client"][0])
            if peer is not None and listed(peer, self._trusted):
                found = client(peer, _told(scope, b"x-forwarded-for"), self._trusted)
                scope["client"] = (str(found), 0)
                if (_told(scope, b"x-forwarded-proto")[-1:] or self._unsaid) == ["https"]:
                    scope["scheme"] = "https"
        await self._app(scope, receive, send)


def _told(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
