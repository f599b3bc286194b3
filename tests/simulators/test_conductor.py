"""Steps come on time; what is late is caught up gently, and said."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import async_solipsism
import pytest
from structlog.testing import capture_logs

from pilotline_simulators import conductor as room
from pilotline_simulators.clock import SimulatedClock, present_ns
from pilotline_simulators.conductor import Conductor, staggered
from pilotline_simulators.program import MILLISECOND_NS, SECOND_NS

START_NS = 1_000 * SECOND_NS


@dataclass
class Player:
    """Notes when it was called, for which simulated time."""

    step_ns: int = 100 * MILLISECOND_NS
    skips: bool = True
    id: str = "m-1"
    holds_up: Callable[[int], float] = lambda number: 0.0
    calls: list[tuple[float, int]] = field(default_factory=list)

    async def tick(self, time_ns: int) -> None:
        """Note the call, and hold the loop up as told."""
        self.calls.append((time.monotonic(), (time_ns - START_NS) // MILLISECOND_NS))
        await asyncio.sleep(self.holds_up(len(self.calls)))

    @property
    def source_times_ms(self) -> list[int]:
        """Simulated times of the calls."""
        return [time_ms for _, time_ms in self.calls]


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Run a coroutine in virtual time, which the conductor's clock follows."""

    def run(coroutine: Coroutine[Any, Any, None]) -> None:
        loop = async_solipsism.EventLoop()
        monkeypatch.setattr(time, "monotonic", loop.time)
        try:
            loop.run_until_complete(coroutine)
        finally:
            loop.close()

    return run


Virtual = Callable[[Coroutine[Any, Any, None]], None]


async def _play(seconds: float, *players: Player, speed: float = 1.0) -> Conductor:
    conductor = Conductor(players, [START_NS] * len(players))
    clock = SimulatedClock(speed, START_NS, time.monotonic())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(conductor.run(clock), seconds)
    return conductor


def test_steps_come_at_their_time(virtual: Virtual) -> None:
    fast, slow = Player(), Player(step_ns=SECOND_NS)

    async def play() -> None:
        await _play(3.05, fast, slow)

    virtual(play())
    assert fast.source_times_ms == list(range(100, 3100, 100))
    assert slow.source_times_ms == [1000, 2000, 3000]
    assert [round(at, 3) for at, _ in slow.calls] == [1.0, 2.0, 3.0]


def test_a_faster_plant_passes_its_time_faster(virtual: Virtual) -> None:
    player = Player()

    async def play() -> None:
        await _play(1.005, player, speed=10.0)

    virtual(play())
    assert player.source_times_ms == list(range(100, 10_100, 100))


def test_a_short_delay_is_caught_up_at_twice_the_rate_without_leaving_anything_out(
    virtual: Virtual,
) -> None:
    player = Player(holds_up=lambda number: 1.0 if number == 5 else 0.0)

    async def play() -> None:
        await _play(4.0, player)

    virtual(play())
    assert player.source_times_ms[:30] == list(range(100, 3100, 100))
    late = [at for at, _ in player.calls[5:20]]
    assert min(b - a for a, b in pairwise(late)) >= 0.05 - 1e-9
    assert player.calls[29][0] == pytest.approx(3.0)


def test_a_model_that_was_suspended_leaves_out_what_it_missed(virtual: Virtual) -> None:
    player = Player(holds_up=lambda number: 60.0 if number == 2 else 0.0)

    async def play() -> None:
        await _play(62.0, player)

    virtual(play())
    times = player.source_times_ms
    assert times[:2] == [100, 200]
    assert 60_000 <= times[2] <= 60_300
    assert all(each % 100 == 0 for each in times)
    assert len(times) < 30


def test_a_recording_that_was_suspended_leaves_out_nothing(virtual: Virtual) -> None:
    player = Player(skips=False, holds_up=lambda number: 10.0 if number == 2 else 0.0)

    async def play() -> None:
        await _play(25.0, player)

    virtual(play())
    assert player.source_times_ms[:200] == list(range(100, 20_100, 100))


def test_not_keeping_pace_is_said_but_not_at_every_step(virtual: Virtual) -> None:
    player = Player(skips=False, holds_up=lambda number: 0.5)

    async def play() -> None:
        with capture_logs() as logs:
            conductor = await _play(25.0, player)
        late = [each for each in logs if each["event"] == "simulators.late"]
        assert 2 <= len(late) <= 3
        assert late[0]["machine"] == "m-1"
        assert late[-1]["late_s"] > late[0]["late_s"] >= room.LATE_S
        assert conductor.worst_late_s > 10

    virtual(play())


def test_by_hand_every_step_up_to_the_time_is_taken_in_order() -> None:
    order: list[tuple[str, int]] = []

    class Noting(Player):
        async def tick(self, time_ns: int) -> None:
            order.append((self.id, (time_ns - START_NS) // MILLISECOND_NS))

    async def play() -> None:
        players = [Noting(id="a"), Noting(id="b", step_ns=250 * MILLISECOND_NS)]
        conductor = Conductor(players, [START_NS, START_NS])
        await conductor.advance(START_NS + 300 * MILLISECOND_NS)
        await conductor.advance(START_NS + 500 * MILLISECOND_NS)

    asyncio.run(play())
    assert order == [
        ("a", 100),
        ("a", 200),
        ("b", 250),
        ("a", 300),
        ("a", 400),
        ("a", 500),
        ("b", 500),
    ]


def test_machines_do_not_all_write_in_the_same_millisecond() -> None:
    step = 500 * MILLISECOND_NS
    times = {staggered(START_NS, number, step) for number in range(24)}
    assert len(times) == 24
    assert all(START_NS <= each < START_NS + step for each in times)
    assert all(each % MILLISECOND_NS == 0 for each in times)


def test_simulated_time_starts_now_on_a_whole_millisecond() -> None:
    clock = SimulatedClock(speed=60.0)
    assert clock.start_ns % MILLISECOND_NS == 0
    assert abs(clock.start_ns - present_ns()) < 5 * SECOND_NS
    assert clock.now_ns() >= clock.start_ns
