"""Crediting: what an approved claim brings, by the scheme; and taking all of it back.

Counters are locked before accounts; the member and the claim are locked by whoever calls. What
the member gets counts to the standings; what goes to a team or to a fund does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_

from creditbank.core import counters
from creditbank.core.counters import Counter
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount, AssetKind, Posting
from creditbank.ledger import accounts, chart, issues, posting, statements
from creditbank.people import kin
from creditbank.recognition import periods, standings
from creditbank.schemes import rewards, scheme
from creditbank.schemes.asset_rules import OverCap
from creditbank.schemes.parameters import Scheme
from creditbank.service import credit_counts, days, reckoning
from creditbank.service.credit_counts import (
    CARRIED,
    CARRIED_OWED,
    EARNED_DAY,
    EARNED_MONTH,
    MINUTES_DAY,
)
from creditbank.service.reckoning import Line, Reckoned, Service
from creditbank.tasks import parties
from creditbank.tasks.claims import Claim
from creditbank.tasks.tasks import Task

_CAPS = frozenset({MINUTES_DAY, EARNED_DAY, EARNED_MONTH})


@dataclass(frozen=True, slots=True)
class Preview:
    """What a credit would bring now: of the minutes those that count, and a line per asset."""

    minutes: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Credited:
    """What a credit brought: ``amounts`` to the member; no transfer where nothing came in."""

    minutes: int
    lines: tuple[Line, ...]
    amounts: tuple[Amount, ...]
    transfer_id: str | None


def preview(view: View, task: Task, found: Claim, minutes: int) -> Preview:
    """Return what an approval of so many minutes would bring now, and what a cap would take."""
    service, rules = _service(view, task, found, minutes)
    wanted = service.counters(rules)
    others = _of_other_rows(view, found.member_id, wanted)
    known = _with_others(_peek(view, [*wanted, *others]), others)
    stored = {
        asset: one.total - one.owed
        for asset in service.stored(rules)
        for one in [statements.balance(view, chart.member(found.member_id), asset)]
    }
    done = reckoning.reckon(service, rules, known, stored)
    return Preview(done.minutes, done.lines)


def credit(unit: Unit, task: Task, found: Claim, minutes: int, period_id: str) -> Credited:
    """Issue what a service of so many approved minutes earns, under locks, and keep the standings.

    Rounding and caps are those of the day on which it ended, validity that of today.
    """
    service, rules = _service(unit, task, found, minutes)
    wanted = service.counters(rules)
    others = _of_other_rows(unit, found.member_id, wanted)
    known = _with_others(counters.lock(unit, [*wanted, *others]), others)
    stored = _lock_stored(unit, service, rules)
    done = reckoning.reckon(service, rules, known, stored)
    counters.add(unit, reckoning.netted(known, done.counted))
    credit_counts.keep(unit, found.claim_id, done.counted)
    own = _own(done)
    standings.add(unit, period_id, [(found.member_id, one.asset, one.units) for one in own])
    sent = _elsewhere(service, done)
    transfer_id = _issue(unit, found, own, sent, period_id) if own or sent else None
    return Credited(done.minutes, done.lines, own, transfer_id)


def _service(view: View, task: Task, found: Claim, minutes: int) -> tuple[Service, Scheme]:
    """Return what is known of a service, and the scheme of the day on which it ended."""
    assert found.signed_in_at is not None, "credited is who has come"
    assert found.signed_out_at is not None, "credited is who has left"
    ended_on = periods.served_on(view, found.signed_out_at)
    begun = days.begun(found.signed_in_at, task.starts_at)
    party = None if found.party_id is None else parties.find(view, found.party_id)
    service = Service(
        found.member_id,
        task.rewards,
        days.split(begun, minutes, view.bank.zone),
        ended_on,
        None if party is None else party.team_id,
        {code: one.kind for code, one in accounts.every_asset(view).items()},
    )
    return service, scheme.in_force(view, ended_on)


def _peek(view: View, wanted: Iterable[Counter]) -> dict[Counter, int]:
    """Return what counters have used, without a lock."""
    of = counters.counters.c
    place = (of.what, of.who, of.day)
    rows = view.rows(
        select(*place, of.used).where(
            of.bank_id == view.bank_id, tuple_(*place).in_(sorted(set(wanted)))
        )
    )
    return {Counter(row.what, row.who, row.day): row.used for row in rows}


def _of_other_rows(view: View, member_id: str, wanted: Iterable[Counter]) -> dict[Counter, Counter]:
    """Return the counters of caps on other rows of the same person, by the one they add to."""
    rows = {one for one in kin.same(view, member_id) if one.startswith("mem_")} - {member_id}
    return {
        one._replace(who=row + one.who.removeprefix(member_id)): one
        for one in wanted
        for row in rows
        if one.what in _CAPS
    }


def _with_others(
    known: Mapping[Counter, int], others: Mapping[Counter, Counter]
) -> dict[Counter, int]:
    """Return what counters have used, that of the person's other rows added: one has one cap."""
    used = {one: units for one, units in known.items() if one not in others}
    for other, one in others.items():
        used[one] = used.get(one, 0) + known.get(other, 0)
    return used


def _lock_stored(unit: Unit, service: Service, rules: Scheme) -> dict[str, int]:
    """Lock what a member has of each asset and return it: held counts too, debts are no store.

    Where this is asked, all places to which something may come are locked with it: accounts are
    locked in one order, once.
    """
    assets, who = service.stored(rules), service.member_id
    if not assets:
        return {}
    own = {(spot(who), asset) for spot in _SPOTS for asset in assets if _has(service, spot, asset)}
    stored: dict[str, int] = {}
    for (spot, asset), one in accounts.lock(unit, own | _goals(service, rules)).items():
        if (spot, asset) in own:
            stored[asset] = stored.get(asset, 0) + (one.balance or 0)
    return stored


_SPOTS = (chart.member, chart.held, chart.debt)


def _has(service: Service, spot: Callable[[str], str], asset: str) -> bool:
    """Tell whether a member has such a place of an asset: honour is neither held nor owed."""
    return spot is chart.member or service.kinds[asset] is AssetKind.SPENDABLE


def _goals(service: Service, rules: Scheme) -> set[tuple[str, str]]:
    """Return the places to which the rewards of a service may come."""
    places: set[tuple[str, str]] = set()
    who = service.member_id
    for asset in [one.asset for one in service.rewards]:
        one = rules.of_asset(asset)
        if service.team_id is not None and service.for_team(rules, asset):
            places.add((chart.team(service.team_id), asset))
        else:
            places |= {
                (spot(who), asset)
                for spot in (chart.member, chart.debt)
                if _has(service, spot, asset)
            }
        if one.over_cap is OverCap.FUND and one.over_to is not None:
            places.add((chart.fund(one.over_to), asset))
        if one.over_cap is OverCap.HONOUR and one.over_to is not None:
            places.add((chart.member(who), one.over_to))
    return places


def _own(done: Reckoned) -> tuple[Amount, ...]:
    """Return what comes to the member, each asset once."""
    units: dict[str, int] = {}
    for one in done.lines:
        if not one.to_team:
            units[one.asset] = units.get(one.asset, 0) + one.kept
        if one.over_cap is OverCap.HONOUR and one.over_to is not None:
            units[one.over_to] = units.get(one.over_to, 0) + one.over
    return tuple(Amount(count, asset) for asset, count in units.items() if count)


def _elsewhere(service: Service, done: Reckoned) -> list[issues.Sent]:
    """Return what goes to the team and to funds, each place once."""
    units: dict[tuple[str, str], int] = {}
    for one in done.lines:
        if one.to_team and service.team_id is not None:
            place = (chart.team(service.team_id), one.asset)
            units[place] = units.get(place, 0) + one.kept
        if one.over_cap is OverCap.FUND and one.over_to is not None:
            place = (chart.fund(one.over_to), one.asset)
            units[place] = units.get(place, 0) + one.over
    return [
        issues.Sent(address, Amount(count, asset))
        for (address, asset), count in units.items()
        if count
    ]


def _issue(
    unit: Unit,
    found: Claim,
    own: Sequence[Amount],
    sent: Sequence[issues.Sent],
    period_id: str,
) -> str:
    now = scheme.current(unit)
    assert found.signed_out_at is not None, "credited is who has left"
    transfer = issues.issue(
        unit,
        earned=[
            issues.Earned(
                found.member_id,
                one,
                rewards.expires_on(unit.today, now.of_asset(one.asset).validity_months),
            )
            for one in own
        ],
        sent=sent,
        key=f"issue/{found.claim_id}",
        occurred_at=found.signed_out_at,
        refers_to=found.claim_id,
        period_id=period_id,
    )
    return transfer.transfer_id


def take_back(unit: Unit, found: Claim, period_id: str) -> tuple[tuple[Amount, ...], str | None]:
    """Take back all that a claim was credited, in a period this unit holds; give caps back too.

    Returns what the member gives back, debts included.
    """
    moved = credit_counts.of_claim(unit, found.claim_id)
    wanted = [*moved, *(one._replace(what=CARRIED_OWED) for one in moved if one.what == CARRIED)]
    known = counters.lock(unit, wanted)
    back = {one: -units for one, units in moved.items()}
    counters.add(unit, reckoning.netted(known, back))
    if found.transfer_id is None:
        return (), None
    transfer = issues.withdraw(
        unit,
        transfer_id=found.transfer_id,
        key=f"withdraw/{found.claim_id}",
        period_id=period_id,
        debtor_id=found.member_id,
    )
    earned = _of_member(one.mirrored() for one in posting.find(unit, found.transfer_id).postings)
    standings.add(
        unit, period_id, [(found.member_id, one, -units) for one, units in earned.items()]
    )
    lost = _of_member(transfer.postings)
    return tuple(Amount(units, asset) for asset, units in lost.items()), transfer.transfer_id


def _of_member(postings: Iterable[Posting]) -> Mapping[str, int]:
    """Return what postings take from a member, as debts too, by asset."""
    taken: dict[str, int] = {}
    for one in postings:
        if chart.is_members(one.source):
            taken[one.amount.asset] = taken.get(one.amount.asset, 0) + one.amount.units
    return taken
