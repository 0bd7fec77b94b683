"""Rigged tasks: 240 honest services and 60 rigged ones of five kinds, from a seed.

The distributions are told in full in docs/adr/0013, and were written down before any detector was.
All figures are whole seconds from the published start of the task, so a seed gives the same
society on every machine. Nothing here knows the engine: a test plays what is planned here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random

HONEST = 240
DAYS = 75
PEOPLE = 170
NEWCOMERS = 14
ORGANISERS = 5

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


class Kind(StrEnum):
    """What is wrong with a service; ``BESIDE`` is where a ghost really was, and is not counted."""

    HONEST = "honest"
    OWN_REVIEW = "own review"
    HOUSEHOLD = "household reviewer"
    OVERLAP = "overlap"
    INFLATED = "inflated minutes"
    GHOST = "ghost attendance"
    BESIDE = "beside"


class Variant(StrEnum):
    """In which way a service is inflated or attended by a ghost."""

    CLOCK_RUNS = "the clock runs on"
    STRETCHED = "stretched by the leader"
    LONG_WINDOW = "a long window"
    TAPPED = "tapped by the leader"
    ENTERED = "entered by the organiser"
    RELAYED = "a relayed code"


class Reviewer(StrEnum):
    """Who is asked to review."""

    STRANGER = "stranger"
    PARTICIPANT = "participant"
    CREATOR = "creator"
    NOTER = "noter"
    SECOND_ACCOUNT = "second account"
    HOUSEMATE = "housemate"
    FORMER_HOUSEMATE = "former housemate"


class By(StrEnum):
    """Who did something: the participant, the leader of the party, or the organiser."""

    SELF = "self"
    LEADER = "leader"
    ORGANISER = "organiser"


class How(StrEnum):
    """How a coming is noted; the words are the engine's."""

    CODE = "code"
    SELF = "self"
    LEADER = "leader"
    ROSTER = "roster"


@dataclass(frozen=True, slots=True)
class Person:
    """A resident; ``household`` and ``team`` are numbers, None for none."""

    number: int
    household: int | None
    team: int | None
    has_phone: bool
    forgetful: bool
    from_day: int


@dataclass(frozen=True, slots=True)
class Coming:
    """One person's part in a service; ``left_s`` is None for who never signed out."""

    person: int
    claimed_s: int
    claimed_by: By
    came_s: int
    how: How
    left_s: int | None
    left_by: By
    leader: int | None = None
    confirmed: bool = False
    rigged: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """A sort of task: how long, how many people, how they come and what evidence there is.

    ``alone`` and ``party`` are ranges of sizes; chances are of 1,000.
    """

    name: str
    weight: int
    windows: tuple[int, ...]
    alone: tuple[int, int]
    how: How
    photo: int
    team: int = 0
    family: int = 0
    beneficiary: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A task and everybody's part in it; ``beside`` is the service it clashes with."""

    kind: Kind
    setting: str
    starts_s: int
    window_minutes: int
    place: int
    organiser: int
    comings: tuple[Coming, ...]
    photos: int
    beneficiary: bool
    reviewer: Reviewer = Reviewer.STRANGER
    against: int | None = None
    variant: Variant | None = None


PATROL = Setting("patrol", 30, (90, 120, 150), (2, 5), How.CODE, 600, family=300)
CLEANUP = Setting("clean-up", 20, (90, 120, 180), (1, 4), How.CODE, 850, team=1000)
VISIT = Setting("visit", 25, (60, 90), (1, 2), How.SELF, 400, family=500, beneficiary=True)
LESSON = Setting("lesson", 12, (60, 90, 120), (2, 5), How.ROSTER, 600)
DESK = Setting("desk", 13, (180, 240), (1, 2), How.CODE, 200)
SETTINGS = (PATROL, CLEANUP, VISIT, LESSON, DESK)

RIGGED: tuple[tuple[Kind, Variant | None, int], ...] = (
    (Kind.OWN_REVIEW, None, 12),
    (Kind.HOUSEHOLD, None, 12),
    (Kind.OVERLAP, None, 12),
    (Kind.INFLATED, Variant.CLOCK_RUNS, 6),
    (Kind.INFLATED, Variant.STRETCHED, 4),
    (Kind.INFLATED, Variant.LONG_WINDOW, 2),
    (Kind.GHOST, Variant.TAPPED, 4),
    (Kind.GHOST, Variant.ENTERED, 6),
    (Kind.GHOST, Variant.RELAYED, 2),
)


@dataclass
class _Frame:
    """A task that is being filled: its hours, and when its people are done (``done_s``)."""

    setting: Setting
    starts_s: int
    window_s: int
    done_s: int


@dataclass
class World:
    """The people of a seed and what they do; ``services`` are in order of their start."""

    seed: int
    people: list[Person] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Draw everything."""
        self._draw = Random(self.seed)
        self._busy: dict[int, list[tuple[int, int]]] = {}
        self._settle()
        plan: list[tuple[Kind, Variant | None]] = [(Kind.HONEST, None)] * HONEST
        plan += [(kind, variant) for kind, variant, count in RIGGED for _ in range(count)]
        self._draw.shuffle(plan)
        for kind, variant in plan:
            self._serve(kind, variant)
        self.services.sort(key=lambda one: one.starts_s)

    # Chance ------------------------------------------------------------------------------------

    def _chance(self, permille: int) -> bool:
        return self._draw.randrange(1000) < permille

    def _between(self, least: int, most: int) -> int:
        return self._draw.randint(min(least, most), max(least, most))

    def _around(self, mean_s: int, spread_s: int) -> int:
        return round(self._draw.gauss(mean_s, spread_s))

    def _tail(self, mean_s: int) -> int:
        return round(self._draw.expovariate(1 / mean_s))

    def _part(self, frame: _Frame, least: int, most: int) -> int:
        """An instant between two parts (of 100) of the window."""
        return frame.window_s * self._between(least, most) // 100

    # People ------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Draw the people, household by household, and the teams among them."""
        household = 0
        while len(self.people) < PEOPLE:
            size = self._draw.choice((1, 1, 2, 2, 3, 3, 4))
            household += 1
            for _ in range(size):
                self._move_in(household if size > 1 else None)
        for number in range(PEOPLE, len(self.people)):
            self.people[number] = replace(self.people[number], household=None)
        del self.people[PEOPLE:]
        for _ in range(NEWCOMERS):
            self._move_in(None)
        free = self.people[:PEOPLE]
        self._draw.shuffle(free)
        for team in range(8):
            for one in (free.pop() for _ in range(self._between(7, 12))):
                self.people[one.number] = replace(one, team=team)

    def _move_in(self, household: int | None) -> None:
        from_day = self._between(1, DAYS - 10) if self._chance(250) else 0
        phone, forgetful = not self._chance(120), self._chance(80)
        self.people.append(Person(len(self.people), household, None, phone, forgetful, from_day))

    def _free(self, frame: _Frame, among: Sequence[Person] | None = None) -> list[Person]:
        """Who may come: here since that day, and not elsewhere within five minutes of it."""
        begin, end = frame.starts_s - _HOUR, frame.starts_s + frame.window_s + 35 * _MINUTE
        day = frame.starts_s // _DAY
        return [
            one
            for one in (self.people[:PEOPLE] if among is None else among)
            if one.from_day <= day
            and all(end < since or until < begin for since, until in self._busy.get(one.number, []))
        ]

    def _occupy(self, starts_s: int, window_s: int, person: int) -> None:
        slot = (starts_s - _HOUR - 5 * _MINUTE, starts_s + window_s + 35 * _MINUTE)
        self._busy.setdefault(person, []).append(slot)

    # Honest ------------------------------------------------------------------------------------

    def _frame(self, setting: Setting) -> _Frame:
        window_s = self._draw.choice(setting.windows) * _MINUTE
        if self._chance(40):
            window_s = window_s * 2
        day, quarter = self._between(0, DAYS - 1), self._between(26, 76)
        frame = _Frame(setting, day * _DAY + quarter * 900, window_s, 0)
        kind = self._between(1, 100)
        if kind <= 80:
            frame.done_s = window_s + self._around(-4 * _MINUTE, 7 * _MINUTE)
        elif kind <= 95:
            frame.done_s = self._part(frame, 55, 85)
        else:
            frame.done_s = window_s + self._between(5, 25) * _MINUTE
        return frame

    def _crew(self, frame: _Frame) -> list[Coming]:
        setting, comings = frame.setting, []
        if self._chance(setting.team):
            comings += self._of_team(frame)
        elif self._chance(setting.family):
            comings += self._of_family(frame)
        taken = {one.person for one in comings}
        if not comings or setting in {PATROL, CLEANUP}:
            free = [one for one in self._free(frame) if one.number not in taken]
            count = self._between(*setting.alone)
            comings += self._alone(frame, self._draw.sample(free, min(count, len(free))))
        return comings

    def _arrival(self, frame: _Frame) -> int:
        kind = self._between(1, 100)
        if kind <= 65:
            return max(-self._around(8 * _MINUTE, 5 * _MINUTE), -55 * _MINUTE)
        if kind <= 90:
            return self._between(0, 6 * _MINUTE)
        return min(6 * _MINUTE + self._tail(14 * _MINUTE), frame.window_s * 45 // 100)

    def _leaving(self, frame: _Frame, came_s: int) -> int:
        kind = self._between(1, 100)
        if kind <= 10:
            return max(self._part(frame, 45, 90), came_s + 10 * _MINUTE)
        stays = self._between(10, 35) * _MINUTE if kind <= 14 else 0
        at = frame.done_s + stays + self._around(0, 4 * _MINUTE) + self._tail(90)
        return max(at, came_s + 5 * _MINUTE)

    def _own_leaving(self, frame: _Frame, one: Person, came_s: int) -> int | None:
        """When somebody with a phone signs out; forgotten now and then, and sometimes later."""
        left_s = self._leaving(frame, came_s)
        if not self._chance(250 if one.forgetful else 30):
            return left_s
        return left_s + self._between(10, 50) * _MINUTE if self._chance(300) else None

    def _alone(self, frame: _Frame, people: Sequence[Person]) -> list[Coming]:
        """People who come by themselves, each with a phone, without one, or unannounced."""
        sitting = self._between(5, 35) * _MINUTE if self._chance(400) else None
        out_s = max(frame.done_s, 20 * _MINUTE) + self._between(0, 10 * _MINUTE)
        return [
            self._by_roster(frame, one, sitting, out_s + 3 * n)
            if frame.setting.how is How.ROSTER or not one.has_phone
            else self._by_phone(frame, one)
            for n, one in enumerate(people)
        ]

    def _by_phone(self, frame: _Frame, one: Person) -> Coming:
        came_s, how = self._arrival(frame), frame.setting.how
        left_s = self._own_leaving(frame, one, came_s)
        claimed_s = -self._between(_HOUR + _HOUR // 2, 4 * _DAY)
        kind = self._between(1, 1000)
        if kind <= 25:
            claimed_s = came_s - self._between(5, 60)
            by = By.SELF if self._chance(700) else By.ORGANISER
            return Coming(one.number, claimed_s, By.ORGANISER, came_s, How.ROSTER, left_s, by)
        if kind <= 40:
            by = By.SELF if self._chance(500) else By.ORGANISER
            return Coming(one.number, claimed_s, By.SELF, came_s, How.ROSTER, left_s, by)
        return Coming(one.number, claimed_s, By.SELF, came_s, how, left_s, By.SELF)

    def _by_roster(self, frame: _Frame, one: Person, sitting: int | None, out_s: int) -> Coming:
        """Ticked when seen, or all in one sitting; who has no phone was claimed for by a call."""
        came_s = self._arrival(frame) + self._between(20, 6 * _MINUTE)
        if sitting is not None:
            came_s = max(sitting + self._between(2, 30), came_s)
        by = By.SELF if one.has_phone else By.ORGANISER
        claimed_s = -self._between(_HOUR + _HOUR // 2, 4 * _DAY)
        return Coming(
            one.number, claimed_s, by, came_s, How.ROSTER, max(out_s, came_s + 60), By.ORGANISER
        )

    def _of_team(self, frame: _Frame) -> list[Coming]:
        """A team: tapped in by its leader, at once or one by one; out by the leader or each."""
        team = self._between(0, 7)
        free = self._free(frame, [one for one in self.people[:PEOPLE] if one.team == team])
        people = self._draw.sample(free, min(len(free), self._between(4, 10)))
        if not people:
            return []
        people.sort(key=lambda one: not one.has_phone)
        at_once, out_at_once = self._chance(550), self._chance(500)
        gathered = self._between(-3, 8) * _MINUTE
        out_s = max(frame.done_s, 30 * _MINUTE) + self._between(0, 8 * _MINUTE)
        claimed_s = -self._between(3 * _HOUR, 5 * _DAY)
        found = []
        for n, one in enumerate(people):
            arrived = self._arrival(frame)
            there = at_once and arrived <= gathered
            came_s = gathered + 2 * n + 1 if there else arrived + self._between(5, 60)
            left_s: int | None
            if out_at_once or not one.has_phone:
                left_s, by = out_s + 2 * n, By.LEADER
                if self._chance(100) and self._chance(700):
                    left_s = max(self._part(frame, 45, 90), came_s + 10 * _MINUTE)
            else:
                left_s, by = self._own_leaving(frame, one, came_s), By.SELF
            found.append(
                Coming(
                    *(one.number, claimed_s, By.LEADER, came_s, How.LEADER, left_s, by),
                    leader=people[0].number,
                )
            )
        first = replace(found[0], claimed_by=By.SELF, left_by=By.SELF)
        return [first, *found[1:]]

    def _of_family(self, frame: _Frame) -> list[Coming]:
        """A family comes and goes in the same minute; one of them taps for all, or each does."""
        homes: dict[int, list[Person]] = {}
        for one in self._free(frame):
            if one.household is not None:
                homes.setdefault(one.household, []).append(one)
        several = [home for home in homes.values() if len(home) > 1]
        if not several:
            return []
        people = sorted(self._draw.choice(several), key=lambda one: not one.has_phone)
        came_s = self._arrival(frame)
        left_s = self._own_leaving(frame, people[0], came_s)
        each = self._chance(500)
        claimed_s = -self._between(3 * _HOUR, 5 * _DAY)
        found = []
        for n, one in enumerate(people):
            alone = n == 0 or (each and one.has_phone)
            by = By.SELF if alone else By.LEADER
            at = came_s + (self._between(0, 50) if n else 0)
            out = None if left_s is None else max(left_s + self._between(0, 40), at + 60)
            how = frame.setting.how if alone else How.LEADER
            claimed_by = By.SELF if n == 0 else By.LEADER
            found.append(
                Coming(
                    *(one.number, claimed_s, claimed_by, at, how, out, by),
                    leader=people[0].number,
                )
            )
        return found

    # Rigged ------------------------------------------------------------------------------------

    def _serve(self, kind: Kind, variant: Variant | None) -> None:
        """Plan one service and what is wrong with it."""
        while True:
            frame = self._frame(self._setting(variant))
            self._hurry(frame, variant)
            comings = self._crew(frame)
            if comings and (variant not in _COMPARED or len(comings) > 2):
                break
        made = Service(
            kind,
            frame.setting.name,
            frame.starts_s,
            frame.window_s // _MINUTE,
            self._between(0, 39),
            self._between(0, ORGANISERS - 1),
            tuple(self._confirmed(frame, comings)),
            self._between(1, 4) if self._chance(frame.setting.photo) else 0,
            frame.setting.beneficiary,
            variant=variant,
        )
        if kind is not Kind.HONEST:
            made = self._rig(frame, made)
        for one in {one.person for one in made.comings}:
            self._occupy(frame.starts_s, frame.window_s, one)
        self.services.append(made)

    def _setting(self, variant: Variant | None) -> Setting:
        among = _WHERE.get(variant, SETTINGS) if variant else SETTINGS
        return self._draw.choices(among, [one.weight for one in among])[0]

    def _hurry(self, frame: _Frame, variant: Variant | None) -> None:
        """Where minutes are inflated the work was over early, or the window was made too long."""
        if variant in {Variant.CLOCK_RUNS, Variant.STRETCHED}:
            frame.done_s = self._part(frame, 45, 75)
        elif variant is Variant.LONG_WINDOW:
            frame.window_s = frame.window_s * self._between(20, 30) // 10 // _MINUTE * _MINUTE
            frame.done_s = frame.window_s

    def _confirmed(self, frame: _Frame, comings: Sequence[Coming]) -> list[Coming]:
        """The beneficiary confirms a visit: all who came, or nobody."""
        said = frame.setting.beneficiary and self._chance(800)
        return [replace(one, confirmed=said) for one in comings]

    def _rig(self, frame: _Frame, made: Service) -> Service:
        if made.variant is None:
            return self._reviewed_by_the_wrong_one(made)
        rigs = {
            Variant.CLOCK_RUNS: self._let_the_clock_run,
            Variant.STRETCHED: self._stretch,
            Variant.LONG_WINDOW: self._publish_too_long,
            Variant.TAPPED: self._tap_the_absent,
            Variant.ENTERED: self._enter_a_friend,
            Variant.RELAYED: self._relay_the_code,
        }
        return rigs[made.variant](frame, made)

    def _reviewed_by_the_wrong_one(self, made: Service) -> Service:
        """Law 7 and overlap: which participant, and who is asked to review."""
        with_home = [
            one.person
            for one in made.comings
            if any(
                other.household == self.people[one.person].household
                and other.number not in {each.person for each in made.comings}
                for other in self.people
                if other.household is not None
            )
        ]
        who = self._draw.choice([one.person for one in made.comings])
        if made.kind is Kind.HOUSEHOLD:
            close = self._draw.choice((Reviewer.HOUSEMATE, Reviewer.FORMER_HOUSEMATE))
            return replace(made, reviewer=close, against=self._draw.choice(with_home or [who]))
        if made.kind is Kind.OVERLAP:
            return replace(made, against=who)
        own = (
            *(Reviewer.PARTICIPANT, Reviewer.CREATOR, Reviewer.NOTER),
            Reviewer.SECOND_ACCOUNT,
        )
        return replace(made, reviewer=self._draw.choice(own), against=who)

    def _let_the_clock_run(self, frame: _Frame, made: Service) -> Service:
        """Everybody goes home early; one of them signs out at the end of the window, or never."""
        own = [n for n, one in enumerate(made.comings) if one.left_by is By.SELF] or [0]
        at = self._draw.choice(own)
        left_s: int | None = frame.window_s + self._between(-3, 15) * _MINUTE
        if self._chance(250):
            left_s = frame.done_s + self._between(15, 25) * _MINUTE
        elif self._chance(350):
            left_s = None
        return _swap(made, {at: replace(made.comings[at], left_s=left_s, rigged=True)})

    def _stretch(self, frame: _Frame, made: Service) -> Service:
        """The leader taps the team out when the window ends, long after it went home."""
        out_s = frame.window_s + self._between(-5, 10) * _MINUTE
        comings = [
            replace(one, left_s=out_s + 2 * n, left_by=By.LEADER, rigged=True)
            for n, one in enumerate(made.comings)
            if one.leader is not None
        ]
        if not comings:
            return self._let_the_clock_run(frame, made)
        others = [one for one in made.comings if one.leader is None]
        if not self._chance(250):
            comings += others
        return replace(made, comings=tuple(comings))

    def _publish_too_long(self, frame: _Frame, made: Service) -> Service:
        """One or two people, a window of two to three times the usual, signed to its edges."""
        by = By.ORGANISER if self._chance(700) else By.SELF
        how = How.ROSTER if by is By.ORGANISER else frame.setting.how
        confirmed = made.beneficiary and self._chance(200)
        comings = [
            replace(
                one,
                came_s=self._between(-5 * _MINUTE, 0),
                how=how,
                left_s=frame.window_s + self._between(-2 * _MINUTE, 2 * _MINUTE),
                left_by=by,
                leader=None,
                claimed_by=by,
                confirmed=confirmed,
                rigged=True,
            )
            for one in made.comings[:2]
        ]
        photos = made.photos if self._chance(300) else 0
        return replace(made, comings=tuple(comings), photos=photos)

    def _tap_the_absent(self, frame: _Frame, made: Service) -> Service:
        """A leader taps one or two of the team in who are not there."""
        team = [n for n, one in enumerate(made.comings) if one.leader is not None][1:]
        if not team:
            return self._enter_a_friend(frame, made)
        leader = next(one for one in made.comings if one.leader is not None)
        swaps = {}
        for at in self._draw.sample(team, min(len(team), self._between(1, 2))):
            one = made.comings[at]
            came_s = one.came_s if self._chance(500) else self._between(10, 50) * _MINUTE
            out_s = leader.left_s
            if out_s is not None:
                out_s = max(out_s, came_s + _MINUTE) + self._between(1, 20)
            if one.left_by is By.SELF and self._chance(300):
                out_s = None
            swaps[at] = replace(
                one, came_s=came_s, left_s=out_s, left_by=By.LEADER, rigged=True, confirmed=False
            )
            self._beside(frame, swaps[at])
        return _swap(made, swaps)

    def _enter_a_friend(self, frame: _Frame, made: Service) -> Service:
        """An organiser enters somebody who is not there: claim, coming and going."""
        kind = self._between(1, 100)
        if kind <= 55:
            wanted = [one for one in self._free(frame) if one.has_phone]
        elif kind <= 85:
            wanted = self._free(frame, self.people[PEOPLE:]) or self.people[PEOPLE:]
        else:
            wanted = [one for one in self._free(frame) if not one.has_phone]
        taken = {one.person for one in made.comings}
        friend = self._draw.choice([one for one in wanted if one.number not in taken])
        came_s = self._between(-5, 45) * _MINUTE + self._between(0, 59)
        claimed_s = came_s - self._between(5, 240)
        if came_s <= 0 or self._chance(400):
            claimed_s = -self._between(12 * _HOUR, 3 * _DAY)
        left_s = frame.window_s + self._between(-5, 5) * _MINUTE
        ghost = Coming(
            *(friend.number, claimed_s, By.ORGANISER, came_s, How.ROSTER),
            *(None if self._chance(150) else left_s, By.ORGANISER),
            rigged=True,
        )
        if self._chance(500):
            photos = made.photos if self._chance(200) else 0
            return replace(made, comings=(ghost,), photos=photos)
        return replace(made, comings=(*made.comings, ghost))

    def _relay_the_code(self, frame: _Frame, made: Service) -> Service:
        """A friend on site sends the code; the ghost signs in from home within the minute."""
        friend = next(
            (one for one in made.comings if one.how in {How.CODE, How.SELF}), made.comings[0]
        )
        taken = {one.person for one in made.comings}
        free = [one for one in self._free(frame) if one.has_phone and one.number not in taken]
        left_s = None if friend.left_s is None else friend.left_s + self._between(-40, 60)
        ghost = replace(
            friend,
            person=self._draw.choice(free).number,
            claimed_s=-self._between(2 * _HOUR, 3 * _DAY),
            claimed_by=By.SELF,
            came_s=friend.came_s + self._between(12, 58),
            how=frame.setting.how if frame.setting.how is not How.ROSTER else How.CODE,
            left_s=None if self._chance(500) else left_s,
            left_by=By.SELF,
            leader=None,
            rigged=True,
        )
        self._beside(frame, ghost)
        return replace(made, comings=(*made.comings, ghost))

    def _beside(self, frame: _Frame, ghost: Coming) -> None:
        """Three ghosts in ten were at a desk elsewhere until, or from, some minutes away."""
        if not self._chance(300):
            return
        minutes = self._draw.choice(DESK.windows)
        gap_s = self._between(2, 8) * _MINUTE
        if ghost.left_s is None or self._chance(500):
            ends_s = frame.starts_s + ghost.came_s - gap_s
            starts_s = ends_s - minutes * _MINUTE
        else:
            starts_s = frame.starts_s + ghost.left_s + gap_s
        slot = (starts_s, starts_s + minutes * _MINUTE)
        if any(
            slot[0] <= end and begin <= slot[1] for begin, end in self._busy.get(ghost.person, [])
        ):
            return
        self._occupy(starts_s, minutes * _MINUTE, ghost.person)
        there = replace(
            ghost,
            claimed_by=By.SELF,
            claimed_s=-self._between(2 * _HOUR, 2 * _DAY),
            came_s=0,
            how=How.CODE,
            left_s=minutes * _MINUTE,
            left_by=By.SELF,
            leader=None,
            rigged=False,
        )
        place, organiser = self._between(40, 49), self._between(0, ORGANISERS - 1)
        self.services.append(
            Service(
                *(Kind.BESIDE, DESK.name, starts_s, minutes, place, organiser, (there,), 0, False)
            )
        )


_COMPARED = {Variant.CLOCK_RUNS, Variant.STRETCHED, Variant.TAPPED}
_WHERE: dict[Variant, Sequence[Setting]] = {
    Variant.CLOCK_RUNS: (PATROL, CLEANUP, LESSON),
    Variant.STRETCHED: (CLEANUP,),
    Variant.LONG_WINDOW: (VISIT, LESSON, DESK),
    Variant.TAPPED: (CLEANUP,),
    Variant.ENTERED: (PATROL, VISIT, LESSON, DESK),
    Variant.RELAYED: (PATROL, DESK),
}


def _swap(made: Service, swaps: dict[int, Coming]) -> Service:
    """The service with some comings in place of others."""
    return replace(made, comings=tuple(swaps.get(n, one) for n, one in enumerate(made.comings)))
