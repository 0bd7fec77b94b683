"""The life cycles: every (state, verb) pair, and what a refusal tells people."""

import pytest

from creditbank.core.errors import CreditbankError
from creditbank.core.states import Machine, StateConflict
from creditbank.exchange.states import HANDOUT, NEEDY, SERVICE
from creditbank.lists.entries import ENTRY, EntryState
from creditbank.lists.organisations import PARTNERSHIP
from creditbank.people.members import MEMBERSHIP, Status
from creditbank.tasks.pairs import PAIR, PairState
from creditbank.tasks.states import CLAIM, TASK, ClaimState, TaskState

MACHINES = {
    "task": TASK,
    "claim": CLAIM,
    "needy": NEEDY,
    "handout": HANDOUT,
    "service": SERVICE,
    "member": MEMBERSHIP,
    "entry": ENTRY,
    "pair": PAIR,
    "organisation": PARTNERSHIP,
}
PAIRS = [
    pytest.param(machine, state, verb, id=f"{name}-{state}-{verb}")
    for name, machine in MACHINES.items()
    for state in machine.states
    for verb in machine.verbs
]
FINAL: dict[str, set[str]] = {
    "task": {TaskState.CLOSED, TaskState.CANCELLED},
    "claim": {ClaimState.REVOKED},
    "member": {Status.CLOSED},
    "entry": {EntryState.TASKED, EntryState.CLOSED},
    "pair": {PairState.ENDED},
    "organisation": set(),
    "needy": {"ended"},
    "handout": {"done", "withdrawn", "lapsed"},
    "service": {"done", "cancelled", "lapsed"},
}


@pytest.mark.parametrize(("machine", "state", "verb"), PAIRS)
def test_every_pair_moves_or_is_refused(machine: Machine, state: str, verb: str) -> None:
    """A pair of the table moves; any other says the state and what can be done, by whom."""
    if (state, verb) in machine.moves:
        assert machine.moves[state, verb] == machine.after(state, verb)
        return
    with pytest.raises(StateConflict) as refused:
        machine.after(state, verb)
    error = refused.value
    assert (state, verb) == (error.state, error.verb)
    assert [one for at, one in machine.moves if at == state] == error.allowed
    for language in ("zh", "en"):
        sentence = error.sentence(language)
        for one in error.allowed:
            known = machine.verbs[one]
            words = (known.by_zh, known.zh) if language == "zh" else (known.by_en, known.en)
            assert all(word in sentence for word in words)


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_which_states_are_final(name: str) -> None:
    """Nothing but these is an end; every other state is ended by somebody named in the table."""
    machine = MACHINES[name]
    assert FINAL[name] == {state for state in machine.states if machine.final(state)}


@pytest.mark.parametrize(("machine", "states"), [(TASK, TaskState), (CLAIM, ClaimState)])
def test_every_state_is_reached(machine: Machine, states: type[TaskState | ClaimState]) -> None:
    """A state that no verb reaches would be a word without a meaning."""
    born = {TaskState.DRAFT, ClaimState.PLACED}
    assert set(states) == set(machine.moves.values()) | (born & set(states))


def test_a_stored_conflict_is_told_again() -> None:
    """What a key remembers of the refusal is enough to render it as it was."""
    first = TASK.conflict(TaskState.CANCELLED, "claim")
    again = CreditbankError.by_slug[first.slug](**first.figures)
    assert "任务现在“已取消”，不能认领。这件事已经结束。" == again.sentence("zh")
    assert "The task is cancelled: one cannot claim it. It is over." == again.sentence("en")
