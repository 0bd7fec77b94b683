"""Rate limits: so many at once, so many a minute, by a name that nobody can forge."""

from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest

from api.edge import proxies
from api.edge.limits import RateLimit
from api.errors import RateLimited

NOW = datetime.fromisoformat("2026-03-01T09:00:00+08:00")
SECOND = timedelta(seconds=1)
INNER = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_a_full_bucket_gives_its_burst_and_then_one_at_a_time() -> None:
    """Six a minute with a burst of three: three at once, then one every ten seconds."""
    limit = RateLimit(per_minute=6, burst=3)
    assert [None] * 3 == [limit.take("a", NOW) for _ in range(3)]
    assert 10 == _wait(limit, "a", NOW)
    assert 1 == _wait(limit, "a", NOW + 9 * SECOND + SECOND / 2)
    assert limit.take("a", NOW + 10 * SECOND) is None
    assert 10 == _wait(limit, "a", NOW + 10 * SECOND)
    assert [None] * 3 == [limit.take("a", NOW + 60 * SECOND) for _ in range(3)]


def _wait(limit: RateLimit, name: str, now: datetime) -> int:
    refused = limit.take(name, now)
    assert isinstance(refused, RateLimited)
    return refused.retry_after_s


def test_names_are_counted_apart() -> None:
    """What one has used up is there for another."""
    limit = RateLimit(per_minute=1)
    assert limit.take("a", NOW) is None
    assert limit.take("b", NOW) is None
    assert limit.take("a", NOW) is not None


def test_who_keeps_trying_waits_no_longer() -> None:
    """A refused try costs nothing."""
    limit = RateLimit(per_minute=1)
    limit.take("a", NOW)
    assert {60} == {_wait(limit, "a", NOW) for _ in range(100)}
    assert limit.take("a", NOW + 60 * SECOND) is None


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    """Nobody waits longer than an empty bucket takes for its next token."""
    limit = RateLimit(per_minute=2)
    limit.take("a", NOW)
    limit.take("a", NOW)
    assert 30 == _wait(limit, "a", NOW - timedelta(days=365))


def test_the_memory_of_names_is_bounded() -> None:
    """Names that come once are forgotten; one that is used up is not, for that."""
    limit = RateLimit(per_minute=60, burst=10, names_most=100)
    for _ in range(10):
        limit.take("greedy", NOW)
    for n in range(1000):
        limit.take(f"name-{n}", NOW)
    assert limit.take("greedy", NOW) is not None
    assert len(limit._full_again) <= 100


CLIENTS = [
    ("203.0.113.9", [], "203.0.113.9"),
    ("203.0.113.9", ["1.1.1.1"], "203.0.113.9"),
    ("10.0.0.1", [], "10.0.0.1"),
    ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
    ("10.0.0.1", ["1.1.1.1, 2.2.2.2, 198.51.100.7"], "198.51.100.7"),
    ("10.0.0.1", ["1.1.1.1", "198.51.100.7, 10.2.2.2"], "198.51.100.7"),
    ("10.0.0.1", ["1.1.1.1, nonsense"], "10.0.0.1"),
    ("10.0.0.1", ["1.1.1.1, nonsense, 10.3.3.3"], "10.3.3.3"),
    ("10.0.0.1", ["10.4.4.4, 10.5.5.5"], "10.4.4.4"),
    ("10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
    ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
    ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
    ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
    ("10.0.0.1", [""], "10.0.0.1"),
]


@pytest.mark.parametrize(("peer", "headers", "expected"), CLIENTS)
def test_the_client_is_the_right_most_that_is_no_proxy(
    peer: str, headers: list[str], expected: str
) -> None:
    """Only a listed proxy is believed, and only as far as it saw itself."""
    assert expected == str(proxies.client(proxies.read(peer), headers, INNER))


def test_neighbours_of_one_subscriber_are_one_name() -> None:
    """Who is given a whole network of IPv6 is one client all the same."""
    names = {proxies.name_of({"client": (f"2001:db8:1:2::{n}", 1)}) for n in range(1, 50)}
    assert {"2001:db8:1:2::/64"} == names
    assert "192.0.2.1" == proxies.name_of({"client": ("::ffff:192.0.2.1", 1)})
    assert proxies.NOBODY == proxies.name_of({"client": None})


@pytest.mark.parametrize("bad", ["0.0.0.0/0", "::/0", "nonsense", "10.0.0.1/8"])
def test_a_network_of_everybody_is_no_proxy(bad: str) -> None:
    """Trusting all addresses, or what is none, is refused by the settings."""
    from api import settings
    from api.errors import SettingUnusable

    with pytest.raises(SettingUnusable, match="trusted_proxies"):
        settings.read(trusted_proxies=bad)
