"""A customer's own slot: the machine's data inside it, and no trace of anybody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pilotline_api.accounts.models import Role
from pilotline_historian import Gap, Sample, Series
from tests.api.history.slots import published_slot
from tests.api.live.running import RunningApi

START = datetime(2026, 11, 3, 8, tzinfo=UTC)
END = START + timedelta(hours=1)
MINUTE_NS = 60 * 10**9


def ns(instant: datetime) -> int:
    return int(instant.timestamp()) * 10**9


@dataclass
class Slots:
    """Two customers' slots, one after the other on one machine."""

    own: str
    own_operation: str
    former_operation: str


@pytest.fixture(scope="module")
def slots(module_api: RunningApi) -> Slots:
    module_api.sign_in(Role.CUSTOMER, "nordbeton")
    module_api.sign_in(Role.CUSTOMER, "fjordform")
    nordbeton = module_api.organisation("nordbeton")
    fjordform = module_api.organisation("fjordform")
    _, former = published_slot(module_api, fjordform, "oven-1", START - timedelta(hours=2), START)
    own, operation = published_slot(module_api, nordbeton, "oven-1", START, END)
    historian = module_api.services.historian
    series = Series("bench", "oven-1", "temperature")
    historian.write(
        [Sample(series, ns(START) + m * MINUTE_NS, float(m), 0, None) for m in range(-120, 120)]
    )
    historian.write_gaps(
        [
            Gap(
                "bench",
                "oven-1",
                None,
                ns(START - timedelta(hours=1)),
                ns(START) + 10**9,
                "agent-stopped",
            )
        ]
    )
    return Slots(own, operation, former)


def job(api: RunningApi, *changes: tuple[float, str]) -> None:
    """Write what the job tag said, minutes after the slot's start."""
    series = Series("bench", "oven-1", "job")
    api.services.historian.write(
        [Sample(series, ns(START) + round(m * MINUTE_NS), text, 0, None) for m, text in changes]
    )


def minutes(times: Sequence[int]) -> list[float]:
    return [(each * 10**6 - ns(START)) / MINUTE_NS for each in times]


def test_nobody_signed_in_reads_it(api: RunningApi, slots: Slots) -> None:
    assert api.client().get(f"/slots/{slots.own}/history?tag=temperature").status_code == 401


def test_another_customers_slot_answers_as_one_that_does_not_exist(
    api: RunningApi, slots: Slots
) -> None:
    other = api.browser(Role.CUSTOMER, "fjordform")

    foreign = other.get(f"/slots/{slots.own}/history?tag=temperature")
    missing = other.get(f"/slots/{'0' * 32}/history?tag=temperature")

    assert foreign.status_code == missing.status_code == 404
    differing = ("request_id",)
    assert {k: v for k, v in foreign.json().items() if k not in differing} == {
        k: v for k, v in missing.json().items() if k not in differing
    }


def test_a_customer_reads_the_slot_from_its_start_to_its_end_and_nothing_beside(
    api: RunningApi, slots: Slots
) -> None:
    answer = api.browser(Role.CUSTOMER, "nordbeton").get(
        f"/slots/{slots.own}/history?tag=temperature"
    )

    body = answer.json()
    [temperature] = body["series"]
    assert (body["start"], body["end"]) == ("2026-11-03T08:00:00Z", "2026-11-03T09:00:00Z")
    assert temperature["last"] == [float(each) for each in range(60)]
    assert temperature["gaps"] == [
        {"start": "2026-11-03T08:00:00Z", "end": "2026-11-03T08:00:01Z", "cause": "agent-stopped"}
    ]


def test_an_unknown_tag_is_refused(api: RunningApi, slots: Slots) -> None:
    own = api.browser(Role.CUSTOMER, "nordbeton")

    assert own.get(f"/slots/{slots.own}/history?tag=colour").status_code == 422
    assert own.get(f"/slots/{slots.own}/history").status_code == 422


def test_a_slot_that_has_not_begun_holds_nothing_yet(api: RunningApi, slots: Slots) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    slot, _ = published_slot(
        api, api.organisation("nordbeton"), "oven-1", tomorrow, tomorrow + timedelta(hours=1)
    )

    answer = api.browser(Role.CUSTOMER, "nordbeton").get(f"/slots/{slot}/history?tag=temperature")

    assert answer.status_code == 200
    assert answer.json()["series"][0]["t"] == []


def test_while_the_former_customers_operation_overruns_its_data_stay_hidden(
    api: RunningApi, slots: Slots
) -> None:
    job(api, (-60, slots.former_operation), (20, slots.own_operation), (50, "somebody's note"))

    own = api.browser(Role.CUSTOMER, "nordbeton").get(
        f"/slots/{slots.own}/history?tag=temperature&tag=job&points=4000"
    )
    staff = api.browser(Role.OPERATOR).get(f"/slots/{slots.own}/history?tag=temperature")

    temperature, job_tag = own.json()["series"]
    assert minutes(temperature["t"]) == [float(each) for each in range(20, 60)]
    assert job_tag["last"] == [slots.own_operation, "somebody's note"]
    assert slots.former_operation not in own.text
    assert temperature["gaps"] == []
    assert len(staff.json()["series"][0]["t"]) == 60


def test_the_points_are_shared_among_the_parts_that_are_left(api: RunningApi, slots: Slots) -> None:
    job(api, (-60, slots.former_operation), (20, slots.own_operation), (40, slots.former_operation))

    answer = api.browser(Role.CUSTOMER, "nordbeton").get(
        f"/slots/{slots.own}/history?tag=temperature&points=5"
    )

    [temperature] = answer.json()["series"]
    assert 1 <= len(temperature["t"]) <= 5
    assert all(20 <= each < 40 or each >= 50 for each in minutes(temperature["t"]))
