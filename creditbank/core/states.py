"""States: one table of allowed (state, verb) → state for a thing, and what to say otherwise. Pure.

Each wing that has a life cycle writes one `Machine`; every verb of it goes through `after`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from creditbank.core.errors import Refused


@dataclass(eq=False)
class StateConflict(Refused):
    """The thing's state does not admit this verb; ``allowed`` are the verbs that it admits."""

    slug = "state-conflict"
    zh = "{thing_zh}现在“{state_zh}”，不能{verb_zh}。{next_zh}"
    en = "The {thing} is {state}: one cannot {verb_en}. {next_en}"
    thing: str
    state: str
    verb: str
    allowed: list[str]
    thing_zh: str
    state_zh: str
    verb_zh: str
    verb_en: str
    next_zh: str
    next_en: str


@dataclass(frozen=True, slots=True)
class Verb:
    """What can be done, in words, and who does it."""

    zh: str
    en: str
    by_zh: str
    by_en: str


@dataclass(frozen=True, slots=True)
class Machine:
    """The life cycle of one kind of thing; ``states`` gives each state its Chinese word."""

    thing: str
    thing_zh: str
    states: Mapping[str, str]
    verbs: Mapping[str, Verb]
    moves: Mapping[tuple[str, str], str]

    def __post_init__(self) -> None:
        """See that the table speaks of known states and verbs only."""
        for (state, verb), after in self.moves.items():
            assert {state, after} <= self.states.keys(), (state, after)
            assert verb in self.verbs, verb

    def allowed(self, state: str) -> list[str]:
        """Return the verbs that a state admits."""
        return [verb for at, verb in self.moves if at == state]

    def final(self, state: str) -> bool:
        """Tell whether nothing leads on from a state."""
        return not self.allowed(state)

    def after(self, state: str, verb: str) -> str:
        """Return the state that a verb leads to.

        Raises:
            StateConflict: the state does not admit the verb; says what can be done, by whom.
        """
        found = self.moves.get((state, verb))
        if found is None:
            raise self.conflict(state, verb)
        return found

    def conflict(self, state: str, verb: str) -> StateConflict:
        """Return the refusal of a verb in a state."""
        following = [self.verbs[one] for one in self.allowed(state)]
        said_zh = "；".join(f"{one.by_zh}可以{one.zh}" for one in following)
        said_en = "; ".join(f"{one.by_en} can {one.en}" for one in following)
        wanted = self.verbs[verb]
        return StateConflict(
            thing=self.thing,
            state=state,
            verb=verb,
            allowed=self.allowed(state),
            thing_zh=self.thing_zh,
            state_zh=self.states[state],
            verb_zh=wanted.zh,
            verb_en=wanted.en,
            next_zh=f"接下来：{said_zh}。" if following else "这件事已经结束。",
            next_en=f"Next: {said_en}." if following else "It is over.",
        )
