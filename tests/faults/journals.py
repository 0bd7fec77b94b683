"""Foreign journals made up from a seed number, with the balances they must leave."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

HEADER = "key,occurred_at,kind,source,destination,amount"
_START = datetime.fromisoformat("2024-01-01T08:00:00+08:00")
_MOVES = ("gift", "donate", "redeem", "refund", "settle")


@dataclass(frozen=True, slots=True)
class Journal:
    """A file's text, and what each name has after all of it, in cents; the issuer is below zero."""

    text: str
    balances: dict[str, int]


def made_up(rows: int, *, people: int = 300, seed: int = 1) -> Journal:
    """Write a journal of a scale of 2: everybody is issued something, then it moves about."""
    dice = random.Random(seed)
    names = [f"person-{n:04d}" for n in range(people)]
    balances: dict[str, int] = defaultdict(int)
    lines = [HEADER]
    for n in range(rows):
        at = (_START + timedelta(minutes=n)).isoformat()
        source = "old society"
        kind, destination, cents = "issue", names[n % people], dice.randint(1, 50_000)
        if n >= people and dice.random() < 0.7:
            giver = dice.choice(names)
            if balances[giver]:
                kind, source = dice.choice(_MOVES), giver
                destination = dice.choice([one for one in ("shop", *names[:50]) if one != giver])
                cents = dice.randint(1, balances[giver])
        balances[source] -= cents
        balances[destination] += cents
        lines.append(
            f"k-{n:06d},{at},{kind},{source},{destination},{cents // 100}.{cents % 100:02d}"
        )
    return Journal("\n".join(lines) + "\n", dict(balances))
