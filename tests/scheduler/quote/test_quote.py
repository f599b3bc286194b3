"""What a customer who asks for a slot, and the facility that answers, can count on."""

from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest

from pilotline_scheduler.errors import ProblemError, QuoteError
from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import (
    Calendar,
    Interval,
    Lag,
    Machine,
    Mode,
    Operation,
    Pool,
    Problem,
    Run,
    Wall,
)
from pilotline_scheduler.quote import Aim, Hindrance, Quote, QuoteDesk, Rates, Rule, Series
from pilotline_scheduler.replan import Times
from pilotline_scheduler.verifier import verify
from tests.scheduler.words import job, on, operation, setups, spans

M, N = Machine("M"), Machine("N")
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
SECRET = "secret"


def told(*planned: tuple[str, str, int, int], **facts: object) -> Problem:
    """Return a problem of a secret client with a published plan, on M and N unless told."""
    given = {"name": "told", "machines": (M, N), "origin": MONDAY, **facts}
    runs = tuple(
        job(
            f"{SECRET}-run-{name}",
            operation(f"{SECRET}-{name}", (machine, end - start)),
            client=f"{SECRET}-client",
        )
        for name, machine, start, end in planned
    )
    previous = tuple(
        PlannedOperation(f"{SECRET}-{name}", machine, start, start, end)
        for name, machine, start, end in planned
    )
    return Problem(runs=runs, previous=previous, **given)  # type: ignore[arg-type]


def slots(quote: Quote, aim: Aim = Aim.SOONER) -> list[tuple[str, str, int, int]]:
    option = next(each for each in quote.options if aim in each.aims)
    return [(each.operation, each.machine, each.start, each.end) for each in option.slots]


def hindrance(quote: Quote) -> Hindrance:
    assert quote.options == ()
    return quote.hindrances[0]


BUSY = told(("a", "M", 0, 100), ("b", "M", 130, 200), ("c", "N", 0, 300))


def test_the_soonest_slot_fills_a_gap_and_moves_nothing() -> None:
    quote = QuoteDesk(BUSY).quote(job("new", operation("x", ("M", 30))))
    assert slots(quote) == [("x", "M", 100, 130)]


def test_a_run_too_long_for_the_gap_goes_behind() -> None:
    quote = QuoteDesk(BUSY).quote(job("new", operation("x", ("M", 31))))
    assert slots(quote) == [("x", "M", 200, 231)]


def test_shorter_and_longer_waits_are_kept() -> None:
    # x 100-110 leaves y, at most 5 later on N, for 300: so x waits until 285.
    run = Run(
        "new",
        "new",
        (operation("x", ("M", 10)), operation("y", ("N", 20))),
        (Lag("x", "y", 0, 5),),
    )
    assert slots(QuoteDesk(BUSY).quote(run)) == [("x", "M", 285, 295), ("y", "N", 300, 320)]


def test_setups_of_the_slot_and_of_what_follows_it_are_made_room_for() -> None:
    # From a to b takes 10, back 5: of the gap 50-100, 10 + 35 + 5 is all; 36 does not fit.
    problem = Problem(
        "told",
        (Machine("M", changeover="setups", initial_setup="a"),),
        runs=(
            job("one", operation("p", ("M", 50), setup_state="a")),
            job("two", operation("q", ("M", 50), setup_state="a")),
        ),
        changeovers=(setups("ab", ((0, 10), (5, 0))),),
        previous=(PlannedOperation("p", "M", 0, 0, 50), PlannedOperation("q", "M", 100, 100, 150)),
    )
    desk = QuoteDesk(problem)
    fits = desk.quote(job("new", operation("x", ("M", 35), setup_state="b")))
    assert slots(fits) == [("x", "M", 60, 95)]
    (option,) = fits.options
    assert (option.changeovers, option.changeover_ticks, option.changeover_cost) == (1, 15, 15)
    too_long = desk.quote(job("new", operation("x", ("M", 36), setup_state="b")))
    assert slots(too_long) == [("x", "M", 160, 196)]


def test_cheaper_takes_the_cheaper_machine_and_hour_greener_the_cleaner_hour() -> None:
    # M costs 60 an hour, N 6. Energy costs 10 until 400 and then 1; it is clean from 600 on.
    rates = Rates(
        {"M": 60.0, "N": 6.0}, Series(((0, 10.0), (400, 1.0))), Series(((0, 5), (600, 1)))
    )
    run = Run("new", "new", (Operation("x", (Mode("M", 60, energy=1), Mode("N", 60, energy=1))),))
    quote = QuoteDesk(BUSY, rates=rates).quote(run)
    assert slots(quote, Aim.SOONER) == [("x", "M", 200, 260)]
    assert slots(quote, Aim.CHEAPER) == [("x", "N", 400, 460)]
    assert slots(quote, Aim.GREENER) == [("x", "M", 600, 660)]
    costs = {each.aims[0]: (each.cost, each.greenhouse) for each in quote.options}
    assert costs == {
        Aim.SOONER: (60 + 600, 300),
        Aim.CHEAPER: (6 + 60, 300),
        Aim.GREENER: (60 + 60, 60),
    }


def test_without_prices_cheaper_saves_changeovers_and_machine_time() -> None:
    problem = replace(BUSY, runs=(), previous=())
    run = job("new", operation("x", ("M", 50), ("N", 40)))
    assert slots(QuoteDesk(problem).quote(run), Aim.CHEAPER) == [("x", "N", 0, 40)]


def test_cheaper_keeps_the_due_tick_that_sooner_keeps() -> None:
    rates = Rates({"M": 60.0, "N": 6.0})
    run = job("new", operation("x", ("M", 60), ("N", 60)), due=300)
    quote = QuoteDesk(BUSY, rates=rates).quote(run)
    assert [(each.aims, each.late) for each in quote.options] == [(tuple(Aim), 0)]


def test_several_runs_at_once_do_not_take_each_others_slots() -> None:
    quote = QuoteDesk(BUSY).quote(
        job("one", operation("x", ("M", 30))), job("two", operation("y", ("M", 30)))
    )
    assert slots(quote) == [("x", "M", 100, 130), ("y", "M", 200, 230)]


def test_a_reserved_option_is_seen_by_the_next_quote() -> None:
    desk = QuoteDesk(BUSY)
    first, second = (desk.quote(job(name, operation(f"{name}-x", ("M", 30)))) for name in "pq")
    desk.reserve(first, first.options[0])
    assert slots(desk.quote(job("q", operation("q-x", ("M", 30))))) == [("q-x", "M", 200, 230)]
    assert verify(desk.problem, desk.plan) == []
    assert {each.operation for each in desk.plan.operations} >= {"p-x"}
    with pytest.raises(QuoteError, match="taken meanwhile"):
        desk.reserve(second, second.options[0])
    with pytest.raises(QuoteError, match="run id 'p' is taken"):
        desk.reserve(first, first.options[0])


def test_a_batch_with_a_place_left_is_offered_and_its_family_alone() -> None:
    # The oven has 3 places; "bread" 50-90 takes 1, "cake" 0-40 takes 1. A loaf that takes 2 joins
    # the bread; one that takes 3 goes alone, after it.
    def baked(family: str, places: int) -> tuple[Mode, ...]:
        return (Mode("oven", 40, batch=family, places=places),)

    def loaf(places: int) -> Run:
        return job("new", Operation("x", baked("bread", places)))

    problem = Problem(
        "told",
        (Machine("oven", places=3),),
        runs=(
            job("one", Operation("p", baked("cake", 1))),
            job("two", Operation("q", baked("bread", 1))),
        ),
        previous=(
            PlannedOperation("p", "oven", 0, 0, 40),
            PlannedOperation("q", "oven", 50, 50, 90),
        ),
    )
    desk = QuoteDesk(problem)
    assert slots(desk.quote(loaf(3))) == [("x", "oven", 90, 130)]
    quote = desk.quote(loaf(2))
    assert slots(quote) == [("x", "oven", 50, 90)]
    desk.reserve(quote, quote.options[0])
    assert verify(desk.problem, desk.plan) == []


def test_nothing_begins_before_now_nor_in_the_frozen_horizon() -> None:
    run = job("new", operation("x", ("M", 10)))
    assert slots(QuoteDesk(BUSY, now=110).quote(run)) == [("x", "M", 110, 120)]
    frozen = QuoteDesk(replace(BUSY, frozen_until=205), now=110)
    assert slots(frozen.quote(run)) == [("x", "M", 205, 215)]


HALL = (Machine("M", hall="h"), Machine("N", hall="h"))
VISIT = (Interval(150, 160),)


@pytest.mark.parametrize(
    ("problem", "run", "rule", "resource", "until"),
    [
        (BUSY, job("new", operation("x", ("M", 40)), deadline=200), Rule.MACHINE, "M", 200),
        (
            replace(BUSY, machines=(replace(M, calendar="day"), N), calendars=(
                Calendar("day", spans((0, 200), (400, 500))),
            )),
            job("new", operation("x", ("M", 90)), release=120, deadline=300),
            Rule.HOURS,
            "M",
            400,
        ),
        (
            replace(BUSY, pools=(Pool("people", ((0, 0), (250, 1))),)),
            job("new", Operation("x", on(("M", 20), people=1)), deadline=240),
            Rule.POOL,
            "people",
            250,
        ),
        (
            replace(BUSY, machines=HALL, walls=(Wall((f"{SECRET}-client", "new")),)),
            job("new", operation("x", ("M", 20)), deadline=240),
            Rule.WALL,
            "h",
            300,
        ),
        (
            BUSY,
            job("new", operation("x", ("M", 20), attended=True), attendance=VISIT),
            Rule.ATTENDANCE,
            "M",
            None,
        ),
    ],
)  # fmt: skip
def test_without_a_slot_it_says_what_blocks_until_when_and_names_no_other_client(
    problem: Problem, run: Run, rule: Rule, resource: str, until: int | None
) -> None:
    quote = QuoteDesk(problem).quote(run)
    found = hindrance(quote)
    assert (found.rule, found.resource, found.until) == (rule, resource, until)
    sentence = found.sentence(Times.of(problem, 0))
    assert sentence.startswith("x can start on M")
    assert SECRET not in sentence
    assert SECRET not in str(asdict(quote))


def test_a_deadline_too_soon_is_told_with_the_soonest_end() -> None:
    quote = QuoteDesk(BUSY).quote(job("new", operation("x", ("M", 40)), deadline=200))
    assert quote.soonest_end == 240
    assert hindrance(quote).latest_end == 200
    assert hindrance(quote).sentence(Times.of(BUSY, 0)) == (
        "x can start on M not before Mon 03:20, but would have to end by Mon 03:20: M is taken"
    )


def test_what_cannot_be_quoted_is_refused() -> None:
    desk = QuoteDesk(BUSY)
    with pytest.raises(QuoteError, match="at least one run"):
        desk.quote()
    with pytest.raises(QuoteError, match="is taken"):
        desk.quote(job("new", operation(f"{SECRET}-a", ("M", 1))))
    with pytest.raises(ProblemError, match="no such machine"):
        desk.quote(job("new", operation("x", ("X", 1))))
    broken = tuple(
        replace(each, start=0, setup_start=0, end=each.end - each.start) for each in BUSY.previous
    )
    with pytest.raises(QuoteError, match="does not hold"):
        QuoteDesk(replace(BUSY, previous=broken))
    with pytest.raises(QuoteError, match="lacks 1 operations"):
        QuoteDesk(replace(BUSY, previous=BUSY.previous[1:]))
