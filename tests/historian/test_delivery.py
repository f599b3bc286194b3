"""A batch with bad lines is not sorted out anew each time the server goes away half-way."""

import math
from collections.abc import Callable

import pytest

from pilotline_historian import HistorianRefused, HistorianUnavailable
from pilotline_historian.influxdb.delivery import Delivery
from pilotline_historian.influxdb.errors import BodyTooLarge, LinesRejected

LINES = [b"line %d" % i for i in range(1_000)]


class _Server:
    """Takes lines that are not bad, and goes away every so many requests."""

    def __init__(self, bad: set[bytes], away_every: int = 10**9, certain: bool = True) -> None:
        self.bad = bad
        self.stored: set[bytes] = set()
        self.judged = 0
        self.asked = 0
        self.largest = 10**9
        self.away_every = away_every
        self.certain = certain

    def send(self, body: bytes) -> None:
        self.asked += 1
        if self.asked % self.away_every == 0:
            raise HistorianUnavailable("away")
        self.judged += 1
        if len(body) > self.largest:
            raise BodyTooLarge("413")
        lines = body.split(b"\n")
        if self.bad.intersection(lines):
            raise LinesRejected("field type conflict", None, self.certain)
        self.stored.update(lines)


def _delivered(deliver: Callable[[], dict[int, str]]) -> dict[int, str]:
    for _ in range(10_000):
        try:
            return deliver()
        except HistorianUnavailable:
            continue
    raise AssertionError("never delivered")


@pytest.mark.parametrize("away_every", [2, 3, 7])
@pytest.mark.parametrize("places", [{0}, {999}, {17, 500, 501, 730}])
def test_a_batch_that_breaks_off_goes_on_where_it_was(away_every: int, places: set[int]) -> None:
    server = _Server({LINES[place] for place in places}, away_every)
    delivery = Delivery(server.send)
    bad = _delivered(lambda: delivery.deliver(LINES))
    assert set(bad) == places
    assert server.stored == set(LINES) - server.bad
    assert server.judged - 1 <= len(places) * 2 * math.ceil(math.log2(len(LINES)))


def test_lines_that_joined_a_batch_meanwhile_are_sent_too() -> None:
    server = _Server({LINES[3], LINES[700]}, away_every=4)
    delivery = Delivery(server.send)
    sizes = iter([*range(100, 1_000, 100), *[1_000] * 100])
    bad = {}
    for size in sizes:
        try:
            bad = delivery.deliver(LINES[:size])
        except HistorianUnavailable:
            continue
        if size == 1_000:
            break
    assert set(bad) == {3, 700}
    assert server.stored == set(LINES) - server.bad


def test_two_batches_in_turn_both_go_on_where_they_were() -> None:
    halves = LINES[:500], LINES[500:]
    server = _Server({LINES[3], LINES[700]}, away_every=3)
    delivery = Delivery(server.send)
    found: list[dict[int, str]] = [{}, {}]
    waiting = [0, 1]
    while waiting:
        turn = waiting.pop(0)
        try:
            found[turn] = delivery.deliver(halves[turn])
        except HistorianUnavailable:
            waiting.append(turn)
    assert [set(each) for each in found] == [{3}, {200}]
    assert server.judged - 2 <= 2 * 2 * math.ceil(math.log2(500))


def test_another_batch_is_not_taken_for_the_one_that_broke_off() -> None:
    server = _Server({LINES[3]}, away_every=5)
    delivery = Delivery(server.send)
    with pytest.raises(HistorianUnavailable):
        delivery.deliver(LINES)
    other = [b"other %d" % i for i in range(1_000)]
    assert _delivered(lambda: delivery.deliver(other)) == {}
    assert server.stored.issuperset(other)


def test_a_delivered_batch_is_forgotten_so_that_it_can_be_written_again() -> None:
    server = _Server({LINES[3]}, away_every=5)
    delivery = Delivery(server.send)
    assert set(_delivered(lambda: delivery.deliver(LINES))) == {3}
    server.bad.clear()
    assert _delivered(lambda: delivery.deliver(LINES)) == {}
    assert server.stored == set(LINES)


def test_what_a_failing_proxy_complained_of_is_asked_again() -> None:
    server = _Server(set(LINES), away_every=6, certain=False)
    delivery = Delivery(server.send)
    with pytest.raises(HistorianUnavailable):
        delivery.deliver(LINES)
    server.bad.clear()
    assert _delivered(lambda: delivery.deliver(LINES)) == {}
    server.bad.update(LINES)
    server.away_every = 10**9
    with pytest.raises(HistorianRefused, match="takes no line at all"):
        delivery.deliver(LINES)


def test_a_body_too_large_is_cut_once() -> None:
    server = _Server({LINES[3]}, away_every=3)
    server.largest = 1_000
    delivery = Delivery(server.send)
    assert set(_delivered(lambda: delivery.deliver(LINES))) == {3}
    assert server.stored == set(LINES) - {LINES[3]}
    server.judged = 0
    pieces = len(b"\n".join(LINES)) // 500 + 1
    server.bad.clear()
    _delivered(lambda: delivery.deliver(LINES))
    assert server.judged <= pieces
