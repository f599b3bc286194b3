"""Working hours are right in every zone, over clock changes, holidays, nights and maintenance."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_plant import Calendar, Hall, Maintenance, Shift, Site
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant
from pilotline_plant.working_time import machine_working_time, pool_working_time, working_time
from tests.plant.working_time_oracle import clock_changes, minutes_of, open_minutes

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
BENCH = read_plant(example_plant("bench"))
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
ZONES = (
    ("Europe/Copenhagen", "DK", None),
    ("Europe/Brussels", "BE", None),
    ("America/New_York", "US", "NC"),
    ("Europe/Dublin", "IE", None),
    ("Australia/Lord_Howe", "AU", "NSW"),
    ("Africa/Casablanca", "MA", None),
    ("Africa/Cairo", "EG", None),
    ("America/Santiago", "CL", None),
    ("Asia/Kathmandu", "NP", None),
    ("America/St_Johns", "CA", "NL"),
    ("Pacific/Chatham", "NZ", None),
    ("Asia/Beirut", "LB", None),
    ("UTC", "GB", None),
)
"""Ordinary zones, and those with half-hour jumps, jumps at midnight, or odd offsets."""


def site(zone: str = "Europe/Copenhagen", country: str = "DK", part: str | None = None) -> Site:
    halls = (Hall(id="hall", name="Hall"),)
    return Site(
        id="works",
        name="Works",
        time_zone=zone,
        country=country,
        subdivision=part,
        owner="Institute",
        partner=False,
        halls=halls,
    )


def calendar(*shifts: Shift, holidays: bool = False, closed: tuple[str, ...] = ()) -> Calendar:
    return Calendar(
        id="calendar",
        name="Calendar",
        site="works",
        shifts=shifts,
        holidays=holidays,
        closed_dates=closed,
    )


def shift(start: str, end: str, days: tuple[int, ...] = EVERY_DAY) -> Shift:
    return Shift("shift", days, time.fromisoformat(start), time.fromisoformat(end))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=COPENHAGEN)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_day_shift_keeps_its_local_hours_when_the_clock_changes() -> None:
    hours = working_time(
        calendar(shift("07:00", "15:00")), site(), local("2026-03-28"), local("2026-03-30")
    )
    assert hours == [
        (utc("2026-03-28T06:00"), utc("2026-03-28T14:00")),
        (utc("2026-03-29T05:00"), utc("2026-03-29T13:00")),
    ]


def test_a_night_shift_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    night = calendar(shift("22:00", "06:00"))
    (spring,) = working_time(night, site(), local("2026-03-28T12:00"), local("2026-03-29T12:00"))
    (autumn,) = working_time(night, site(), local("2026-10-24T12:00"), local("2026-10-25T12:00"))
    assert spring[1] - spring[0] == timedelta(hours=7)
    assert autumn[1] - autumn[0] == timedelta(hours=9)


def test_a_time_the_clock_skips_is_read_with_the_offset_before_the_jump() -> None:
    hours = working_time(
        calendar(shift("02:30", "06:00")), site(), local("2026-03-29"), local("2026-03-30")
    )
    assert hours == [(utc("2026-03-29T01:30"), utc("2026-03-29T04:00"))]


def test_a_time_the_clock_shows_twice_is_its_first_occurrence() -> None:
    hours = working_time(
        calendar(shift("02:30", "06:00")), site(), local("2026-10-25"), local("2026-10-26")
    )
    assert hours == [(utc("2026-10-25T00:30"), utc("2026-10-25T05:00"))]


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
def test_shifts_that_touch_on_the_clock_touch_in_utc_whatever_the_clock_does(day: str) -> None:
    shifts = calendar(shift("18:00", "02:30"), shift("02:30", "18:00"))
    start = local(day)
    end = start + timedelta(days=3)
    assert working_time(shifts, site(), start, end) == [(start, end)]


def test_no_shift_starts_on_a_public_holiday_but_the_night_before_runs_to_its_end() -> None:
    night = calendar(shift("22:00", "06:00"), holidays=True)
    hours = working_time(night, site(), local("2026-12-24"), local("2026-12-28"))
    assert hours == [
        (local("2026-12-24").astimezone(UTC), utc("2026-12-24T05:00")),
        (utc("2026-12-24T21:00"), utc("2026-12-25T05:00")),
        (utc("2026-12-27T21:00"), utc("2026-12-27T23:00")),
    ]


def test_holidays_are_those_of_the_sites_country_and_part() -> None:
    day = calendar(shift("08:00", "16:00"), holidays=True)
    good_friday = date(2026, 4, 3)
    start = datetime.combine(good_friday, time(0), UTC)
    carolina = site("America/New_York", "US", "NC")
    states = site("America/New_York", "US")
    assert working_time(day, carolina, start, start + timedelta(days=1)) == []
    assert working_time(day, states, start, start + timedelta(days=1)) != []


def test_a_calendar_without_shifts_works_around_the_clock_but_not_on_closed_days() -> None:
    always = calendar(closed=("2026-12-24",))
    hours = working_time(always, site(), local("2026-12-23T12:00"), local("2026-12-26T12:00"))
    assert hours == [
        (local("2026-12-23T12:00"), local("2026-12-24")),
        (local("2026-12-25"), local("2026-12-26T12:00")),
    ]


def test_a_shift_skipped_by_the_clock_altogether_has_no_time() -> None:
    odd = calendar(shift("02:30", "03:15"))
    assert working_time(odd, site(), local("2026-03-29"), local("2026-03-30")) == []


def test_hours_are_cut_to_the_window_and_an_empty_window_has_none() -> None:
    day = calendar(shift("07:00", "15:00"))
    start, end = local("2026-06-01T09:00"), local("2026-06-01T10:00")
    assert working_time(day, site(), start, end) == [(start, end)]
    assert working_time(day, site(), end, start) == []
    assert working_time(day, site(), start, start) == []


def test_an_instant_without_offset_is_refused() -> None:
    naive = datetime(2026, 6, 1)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="has no offset from UTC"):
        working_time(calendar(), site(), naive, utc("2026-06-02"))
    with pytest.raises(ValueError, match="has no offset from UTC"):
        pool_working_time(BENCH, BENCH.pools[0], utc("2026-06-01"), naive)


def test_a_machine_does_not_work_during_its_maintenance() -> None:
    plant = BENCH
    hours = machine_working_time(
        plant, plant.machine_by_id["mill-1"], local("2026-12-07"), local("2026-12-09")
    )
    assert hours == [
        (local("2026-12-07T11:00"), local("2026-12-07T15:30")),
        (local("2026-12-08T07:00"), local("2026-12-08T15:30")),
    ]


def test_a_pool_works_by_its_calendar_and_always_without_one() -> None:
    plant = read_plant(example_plant("taastrup"))
    pools = {pool.id: pool for pool in plant.pools}
    start, end = local("2026-12-05"), local("2026-12-08")
    assert pool_working_time(plant, pools["clean-room-places"], start, end) == [(start, end)]
    assert pool_working_time(plant, pools["clean-room-places"], end, start) == []
    assert pool_working_time(plant, pools["device-operators"], start, end) == [
        (local("2026-12-07T07:00"), local("2026-12-07T15:30"))
    ]


# ---- against the oracle --------------------------------------------------------------------------

CLOCK_TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 29, 30, 45, 59]))
SHIFTS = st.builds(
    Shift,
    name=st.just("shift"),
    days=st.sets(st.sampled_from(EVERY_DAY), min_size=1).map(lambda days: tuple(sorted(days))),
    start=CLOCK_TIMES,
    end=CLOCK_TIMES,
)


@st.composite
def windows(draw: st.DrawFn, zone: str) -> tuple[datetime, datetime]:
    """A window of up to four days between 2020 and 2035, often over a clock change."""
    year = draw(st.integers(2020, 2035))
    anywhere = datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 525_600)))
    start = draw(st.sampled_from([anywhere, *clock_changes(zone, year)]))
    start -= timedelta(minutes=draw(st.integers(0, 2880)))
    return start, start + timedelta(minutes=draw(st.integers(1, 4 * 1440)))


@settings(max_examples=120, deadline=None)
@given(data=st.data(), place=st.sampled_from(ZONES), shifts=st.lists(SHIFTS, max_size=4))
def test_working_time_agrees_with_watching_the_clock_minute_by_minute(
    data: st.DataObject, place: tuple[str, str, str | None], shifts: list[Shift]
) -> None:
    start, end = data.draw(windows(place[0]))
    day = start.date() + timedelta(days=data.draw(st.integers(-1, 4)))
    closed = data.draw(st.sampled_from([(), (day.isoformat(),)]))
    hours = calendar(*shifts, holidays=data.draw(st.booleans()), closed=closed)
    found = working_time(hours, site(*place), start, end)
    assert minutes_of(found) == open_minutes(hours, site(*place), start, end)
    assert all(opened < shut for opened, shut in found)
    assert all(shut < opened for (_, shut), (opened, _) in pairwise(found))
    assert all(start <= opened and shut <= end for opened, shut in found)


@pytest.mark.parametrize("zone", ["Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe"])
def test_every_clock_change_from_2020_to_2035_agrees_with_watching_the_clock(zone: str) -> None:
    hours = calendar(
        shift("00:15", "01:45"), shift("02:10", "02:20"), shift("02:30", "05:00"), holidays=True
    )
    here = site(zone)
    changes = [change for year in range(2020, 2036) for change in clock_changes(zone, year)]
    assert len(changes) >= 31
    for change in changes:
        start, end = change - timedelta(hours=12), change + timedelta(hours=12)
        found = working_time(hours, here, start, end)
        assert minutes_of(found) == open_minutes(hours, here, start, end), change


@settings(max_examples=100, deadline=None)
@given(
    stops=st.lists(
        st.tuples(st.integers(-600, 4000), st.integers(1, 900)).map(
            lambda stop: Maintenance(
                start=utc("2026-12-07") + timedelta(minutes=stop[0]),
                end=utc("2026-12-07") + timedelta(minutes=sum(stop)),
                reason="Service",
            )
        ),
        max_size=5,
    )
)
def test_maintenance_takes_exactly_its_minutes_from_the_calendar(stops: list[Maintenance]) -> None:
    plant = BENCH
    mill = replace(plant.machine_by_id["mill-1"], maintenance=tuple(stops))
    start, end = utc("2026-12-07"), utc("2026-12-09")
    calendar_hours = working_time(plant.calendar_by_id["day"], plant.sites[0], start, end)
    stopped = minutes_of([(stop.start, stop.end) for stop in stops])
    found = machine_working_time(plant, mill, start, end)
    assert minutes_of(found) == minutes_of(calendar_hours) - stopped
    assert all(shut < opened for (_, shut), (opened, _) in pairwise(found))
