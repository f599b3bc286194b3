"""Bookings: machine time promised once, and given back."""

from datetime import timedelta

import pytest

from pilotline_api.accounts.models import Role
from tests.api.live.running import RunningApi
from tests.api.world import NEXT_WEEK, ask, at, book, draft, publish, spread


@pytest.fixture(autouse=True)
def free_machines(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    for booking in planner.get("/bookings").json():
        planner.delete(f"/bookings/{booking['id']}")


def test_a_customer_books_a_machine(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")

    answer = book(browser)

    assert answer.status_code == 201
    booking = answer.json()
    assert booking["client"] == {"id": "nordbeton", "name": "Nordbeton"}
    assert (booking["start"], booking["end"]) == (at(NEXT_WEEK), at(NEXT_WEEK + timedelta(hours=1)))
    assert browser.get("/bookings").json() == [booking]


def test_taken_time_is_busy_and_says_nothing_of_whom(api: RunningApi) -> None:
    book(api.browser(Role.CUSTOMER, "nordbeton"), title="Secret mix")

    answer = book(
        api.browser(Role.CUSTOMER, "fjordform"), start=at(NEXT_WEEK + timedelta(minutes=30))
    )

    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "busy"
    assert problem["machine"] == "mixer-1"
    assert problem["start"] == at(NEXT_WEEK + timedelta(minutes=30))
    assert problem["end"] == at(NEXT_WEEK + timedelta(hours=1))
    assert "ordbeton" not in answer.text
    assert "Secret" not in answer.text


def test_bookings_may_touch(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")

    assert book(browser).status_code == 201
    after = {"start": at(NEXT_WEEK + timedelta(hours=1)), "end": at(NEXT_WEEK + timedelta(hours=2))}
    assert book(browser, **after).status_code == 201


def test_the_seconds_of_a_booking_are_taken_as_whole_minutes(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    booking = book(
        browser,
        start=at(NEXT_WEEK + timedelta(seconds=59)),
        end=at(NEXT_WEEK + timedelta(minutes=9, seconds=1)),
    ).json()

    assert booking["start"] == at(NEXT_WEEK)
    assert booking["end"] == at(NEXT_WEEK + timedelta(minutes=10))


def test_a_published_slot_and_its_changeover_are_busy_too(api: RunningApi) -> None:
    customer, planner = api.browser(Role.CUSTOMER, "nordbeton"), api.browser(Role.PLANNER)
    start = NEXT_WEEK + timedelta(days=1)
    mix, *_ = spread(ask(customer), start)
    plan = draft(api, [type(mix)(mix.operation, mix.machine, mix.start, 30, setup_minutes=20)])
    assert publish(planner, plan).status_code == 200

    before = book(customer, start=at(start - timedelta(hours=1)), end=at(start))
    assert before.json()["code"] == "busy"
    until_setup = {
        "start": at(start - timedelta(hours=1)),
        "end": at(start - timedelta(minutes=20)),
    }
    assert book(customer, **until_setup).status_code == 201


def test_two_clients_behind_a_wall_cannot_book_one_hall_at_once(api: RunningApi) -> None:
    assert book(api.browser(Role.CUSTOMER, "nordbeton")).status_code == 201

    same_hall = book(api.browser(Role.CUSTOMER, "fjordform"), machine="mill-1")
    own = book(api.browser(Role.CUSTOMER, "nordbeton"), machine="mill-1")

    assert same_hall.status_code == 409
    assert same_hall.json()["code"] == "busy"
    assert same_hall.json()["machine"] == "mill-1"
    assert own.status_code == 201


def test_a_booking_given_back_is_free_again(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    booking = book(browser).json()

    assert browser.delete(f"/bookings/{booking['id']}").status_code == 204
    assert browser.delete(f"/bookings/{booking['id']}").status_code == 404
    assert book(browser).status_code == 201


def test_another_organisations_booking_cannot_be_seen_or_given_back(api: RunningApi) -> None:
    booking = book(api.browser(Role.CUSTOMER, "nordbeton")).json()
    other = api.browser(Role.CUSTOMER, "fjordform")

    foreign = other.delete(f"/bookings/{booking['id']}").json()
    nobodys = other.delete(f"/bookings/{'0' * 32}").json()

    foreign.pop("request_id")
    nobodys.pop("request_id")
    assert foreign == nobodys
    assert foreign["status"] == 404
    assert other.get("/bookings").json() == []


def test_planners_book_for_a_client_or_for_the_institute(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)

    assert book(planner, client="fjordform").json()["client"]["id"] == "fjordform"
    own = book(planner, machine="oven-1").json()
    assert own["client"]["name"] == "The institute"
    assert len(planner.get("/bookings").json()) == 2


def test_operators_see_bookings_and_make_none(api: RunningApi) -> None:
    operator = api.browser(Role.OPERATOR)
    booking = book(api.browser(Role.CUSTOMER, "nordbeton")).json()

    assert operator.get("/bookings").json() == [booking]
    assert book(operator).status_code == 403
    assert operator.delete(f"/bookings/{booking['id']}").status_code == 403


def test_a_repeated_key_books_once(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    browser.headers["Idempotency-Key"] = "one-booking"

    first, second = book(browser), book(browser)

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert book(browser, title="Another").json()["code"] == "idempotency_key_reused"


def test_a_refused_booking_leaves_its_key_free(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    taken = book(planner).json()
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    browser.headers["Idempotency-Key"] = "try-again"

    assert book(browser).status_code == 409
    planner.delete(f"/bookings/{taken['id']}")
    assert book(browser).status_code == 201


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"machine": "nothing"}, "unknown_machine"),
        ({"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z"}, "past"),
    ],
)
def test_what_cannot_be_booked_says_why(
    api: RunningApi, changes: dict[str, str], code: str
) -> None:
    answer = book(api.browser(Role.CUSTOMER, "nordbeton"), **changes)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code


@pytest.mark.parametrize(
    "changes",
    [
        {"end": at(NEXT_WEEK)},
        {"end": at(NEXT_WEEK + timedelta(days=40))},
        {"start": "2026-12-01T10:00:00"},
        {"client": "nordbeton", "status": "confirmed"},
    ],
)
def test_malformed_bookings_are_refused(api: RunningApi, changes: dict[str, str]) -> None:
    assert book(api.browser(Role.CUSTOMER, "nordbeton"), **changes).status_code == 422
