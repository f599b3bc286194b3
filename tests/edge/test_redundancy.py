"""Which of a machine's servers is read: never a worse one, and never back and forth."""

import math
import random
from itertools import pairwise

import pytest

from pilotline_edge.connection.redundancy import (
    FIRST_TRY_S,
    GRACE_S,
    LEAST_STAY_S,
    STEADY_S,
    Redundancy,
)

A, B, C = "opc.tcp://a", "opc.tcp://b", "opc.tcp://c"


def reading(url: str, *urls: str, level: int = 255, at: float = 0.0) -> Redundancy:
    """Return a choice among servers of which the first is read and the others answer too."""
    known = Redundancy((url, *urls))
    for each in urls:
        known.reached(each, 255, at)
    known.reached(url, level, at)
    known.read(at)
    return known


def wanted(known: Redundancy, now: float) -> str | None:
    better = known.better(now)
    return None if better is None else better.url


def test_the_first_of_the_plant_file_is_tried_first_and_no_other_before_it_is_known() -> None:
    known = Redundancy((A, B))
    assert (known.current, known.better(0.0)) == (A, None)
    assert known.patience_s(0.0) == math.inf


def test_a_first_server_that_is_away_at_the_start_is_not_waited_for() -> None:
    known = Redundancy((A, B))
    known.lost("refused", 0.0)
    known.reached(B, 255, 0.1)
    assert wanted(known, 0.1) == B


def test_a_healthy_server_is_not_left_for_a_healthier_one() -> None:
    known = reading(A, B, level=200)
    for second in range(100):
        known.reached(B, 255, float(second))
        assert known.better(float(second)) is None


@pytest.mark.parametrize(
    ("own", "other", "moves"),
    [
        (199, 200, True),
        (1, 2, True),
        (0, 1, True),
        (100, 120, True),
        (100, 119, False),
        (120, 100, False),
        (0, 0, False),
        (255, 255, False),
        (2, 1, False),
    ],
)
def test_a_server_is_left_for_one_that_serves_clearly_better(
    own: int, other: int, *, moves: bool
) -> None:
    known = reading(A, B)
    known.reached(A, own, 60.0)
    known.reached(B, other, 60.0)
    assert known.better(60.0 + STEADY_S - 0.1) is None
    assert (wanted(known, 60.0 + STEADY_S) == B) is moves


def test_a_dip_that_passes_moves_nothing() -> None:
    known = reading(A, B)
    for second in range(0, 100, 2):
        known.reached(A, 10, 60.0 + second)
        known.reached(A, 255, 61.0 + second)
        assert known.better(61.0 + second) is None


def test_a_lost_server_is_tried_again_before_another_is_gone_to() -> None:
    known = reading(A, B, C)
    known.reached(B, 100, 50.0)
    known.lost("cut", 60.0)
    assert known.better(60.0 + GRACE_S / 2) is None
    assert known.patience_s(60.0) == GRACE_S
    known.lost("refused", 60.0 + GRACE_S / 2)
    assert wanted(known, 60.0 + GRACE_S) == C, "C is the better of the two"


def test_one_that_comes_back_within_the_grace_is_kept() -> None:
    known = reading(A, B)
    known.lost("cut", 60.0)
    known.reached(A, 255, 61.0)
    known.read(61.0)
    assert known.better(100.0) is None


def test_a_return_needs_a_reason() -> None:
    known = reading(A, B)
    known.choose(B, 60.0)
    known.reached(B, 255, 60.0)
    known.read(60.0)
    for second in range(61, 200):
        known.reached(A, 255, float(second))
        assert known.better(float(second)) is None
    known.reached(B, 100, 200.0)
    assert wanted(known, 200.0 + STEADY_S) == A


def test_a_server_just_chosen_gets_time_to_answer_but_not_once_it_refused() -> None:
    known = reading(A, B)
    known.choose(B, 60.0)
    known.reached(A, 255, 60.0)
    assert known.patience_s(60.0) == FIRST_TRY_S
    known.lost("refused", 61.0)
    assert wanted(known, 61.0 + GRACE_S) == A


def test_without_another_the_one_there_is_is_tried_for_ever() -> None:
    known = reading(A, B)
    known.unreachable(B, "refused", 59.0)
    known.lost("cut", 60.0)
    assert known.better(10_000.0) is None
    assert known.patience_s(10_000.0) == math.inf


@pytest.mark.parametrize("seed", range(20))
def test_levels_that_jump_about_do_not_make_it_flap(seed: int) -> None:
    chance = random.Random(seed)
    known = reading(A, B, C)
    changes: list[float] = []
    levels = dict.fromkeys((A, B, C), 255)
    for tick in range(1, 2_000):
        now = 60.0 + tick / 2
        for url in levels:
            if chance.random() < 0.1:
                levels[url] = chance.choice((0, 1, 50, 150, 255))
            known.reached(url, levels[url], now)
        if better := wanted(known, now):
            changes.append(now)
            known.choose(better, now)
            known.reached(better, levels[better], now)
            known.read(now)
    assert changes
    assert all(later - before >= LEAST_STAY_S for before, later in pairwise(changes))
