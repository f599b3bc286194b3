"""A simulated machine keeps to the PackML state machine, whatever it is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_plant import PackMLState
from pilotline_simulators import Command, CommandRefusedError
from pilotline_simulators.packml import COMPLETIONS, TRANSITIONS, UnitState, allowed

STANDARD = """
    clearing:     SC stopped     abort aborting
    stopped:      reset resetting                      abort aborting
    starting:     SC execute     stop stopping         abort aborting
    idle:         start starting stop stopping         abort aborting
    suspended:    unsuspend unsuspending stop stopping abort aborting
    execute:      SC completing complete completing hold holding suspend suspending
                  stop stopping abort aborting
    stopping:     SC stopped     abort aborting
    aborting:     SC aborted
    aborted:      clear clearing
    holding:      SC held        stop stopping         abort aborting
    held:         unhold unholding stop stopping       abort aborting
    unholding:    SC execute     stop stopping         abort aborting
    suspending:   SC suspended   stop stopping         abort aborting
    unsuspending: SC execute     stop stopping         abort aborting
    resetting:    SC idle        stop stopping         abort aborting
    completing:   SC complete    stop stopping         abort aborting
    complete:     reset resetting stop stopping        abort aborting
"""
"""The transition matrix of ANSI/ISA-TR88.00.02, a row for each state: cause, target, …"""


def _standard() -> dict[tuple[str, str], str]:
    table: dict[tuple[str, str], str] = {}
    state = ""
    for line in STANDARD.strip().splitlines():
        words = line.split()
        if words[0].endswith(":"):
            state = words.pop(0).removesuffix(":")
        table.update(
            {(state, cause): target for cause, target in zip(words[::2], words[1::2], strict=True)}
        )
    return table


def test_the_table_is_the_standards() -> None:
    ours = {
        **{(s.name.lower(), c.value): t.name.lower() for (s, c), t in TRANSITIONS.items()},
        **{(s.name.lower(), "SC"): t.name.lower() for s, t in COMPLETIONS.items()},
    }
    assert ours == _standard()


@settings(deadline=None)
@given(causes=st.lists(st.sampled_from([*Command, "SC"]), max_size=60))
def test_no_sequence_of_commands_leaves_the_standard(causes: list[str]) -> None:
    standard = _standard()
    unit = UnitState(PackMLState.STOPPED)
    for cause in causes:
        before = unit.state.name.lower()
        expected = standard.get((before, str(cause)))
        try:
            unit.complete() if cause == "SC" else unit.command(Command(cause))
        except CommandRefusedError:
            assert expected is None
            assert unit.state.name.lower() == before
        else:
            assert unit.state.name.lower() == expected


def test_a_refusal_says_what_is_allowed() -> None:
    with pytest.raises(CommandRefusedError, match="not allowed in state Stopped; allowed: reset"):
        UnitState(PackMLState.STOPPED).command(Command.START)


def test_the_time_in_a_state_begins_anew_with_each_state() -> None:
    unit = UnitState(PackMLState.IDLE)
    unit.pass_time(30)
    unit.command(Command.START)
    unit.pass_time(2)
    assert unit.elapsed_s == 2


def test_every_state_can_be_left() -> None:
    for state in PackMLState:
        assert allowed(state) or state in COMPLETIONS
