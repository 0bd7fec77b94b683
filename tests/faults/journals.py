"""Foreign journals made up from a seed number, with the balances they must leave."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from creditbank.core.values import write_units

HEADER = "key,occurred_at,kind,source,destination,amount"
_START = datetime.fromisoformat("2024-01-01T08:00:00+08:00")
_MOVES = ("gift", "donate", "redeem", "refund", "settle")


@dataclass(frozen=True, slots=True)
class Journal:
    """A file's text, and what each name has after all of it, in units; the issuer is below zero."""

    text: str
    balances: dict[str, int]


def made_up(rows: int, *, people: int = 300, seed: int = 1, scale: int = 2) -> Journal:
    """Write a journal: everybody is issued something, then it moves about."""
    dice = random.Random(seed)
    names = [f"person-{n:04d}" for n in range(people)]
    balances: dict[str, int] = defaultdict(int)
    lines = [HEADER]
    for n in range(rows):
        at = (_START + timedelta(minutes=n)).isoformat()
        source = "old society"
        kind, destination, units = "issue", names[n % people], dice.randint(1, 50_000)
        if n >= people and dice.random() < 0.7:
            giver = dice.choice(names)
            if balances[giver]:
                kind, source = dice.choice(_MOVES), giver
                destination = dice.choice([one for one in ("shop", *names[:50]) if one != giver])
                units = dice.randint(1, balances[giver])
        balances[source] -= units
        balances[destination] += units
        amount = write_units(units, scale)
        lines.append(f"k-{n:06d},{at},{kind},{source},{destination},{amount}")
    return Journal("\n".join(lines) + "\n", dict(balances))
