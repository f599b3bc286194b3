"""A machine's clock is measured by its messages, whatever delays some of them."""

from pilotline_edge.link.skew import ClockSkew

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def test_the_least_delayed_message_tells() -> None:
    skew = ClockSkew()
    assert skew.seconds is None
    for at, delay_s in ((0, 0.4), (1, 0.01), (2, 25.0), (3, 0.3)):
        now = at * SECOND
        skew.seen(int(now - HOUR - delay_s * SECOND), now, now)
    assert skew.seconds == -3600.01


def test_a_clock_that_was_set_is_known_within_a_minute() -> None:
    skew = ClockSkew()
    for at in range(100):
        now = at * SECOND
        skew.seen(now + HOUR if at < 20 else now, now, now)
        if at < 20:
            assert skew.seconds == 3600.0
    assert skew.seconds == 0.0


def test_our_own_clock_may_step_too() -> None:
    skew = ClockSkew()
    for at in range(100):
        ours = at * SECOND + (HOUR if at > 10 else 0)
        skew.seen(at * SECOND, at * SECOND, ours)
    assert skew.seconds == -3600.0


def test_what_was_measured_before_a_long_silence_counts_no_more() -> None:
    skew = ClockSkew()
    skew.seen(HOUR, 0, 0)
    skew.seen(100 * SECOND, 100 * SECOND, 100 * SECOND)
    assert skew.seconds == 0.0
