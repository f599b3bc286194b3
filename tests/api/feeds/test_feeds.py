"""Calendar feeds: a person's own slots, at an address that can be taken back."""

import httpx
from icalendar import Calendar

from pilotline_api.accounts.models import CalendarFeed, Role
from tests.api.live.running import RunningApi
from tests.api.world import NEXT_WEEK, ask, book, draft, publish, spread


def fetch(address: str) -> httpx.Response:
    """Fetch as a calendar program does: without any cookie."""
    with httpx.Client(trust_env=False) as program:
        return program.get(address)


def test_a_person_has_no_feed_until_one_is_made(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")

    assert browser.get("/me/feed").json() == {"url": None}
    made = browser.post("/me/feed")
    assert made.status_code == 201
    address = made.json()["url"]
    assert address.startswith(f"{api.address}/api/v1/feeds/")
    secret = address.rsplit("/", 1)[1].removesuffix(".ics")
    assert secret not in browser.get("/me/feed").text
    assert browser.get("/me/feed").json()["url"] is not None


def test_the_feed_holds_own_slots_and_bookings_and_nobody_elses(api: RunningApi) -> None:
    own, other = api.browser(Role.CUSTOMER, "nordbeton"), api.browser(Role.CUSTOMER, "fjordform")
    mine, theirs = ask(own, title="My prisms; with, commas"), ask(other, title="Their prisms")
    plan = draft(api, [*spread(mine, NEXT_WEEK), *spread(theirs, NEXT_WEEK.replace(hour=14))])
    publish(api.browser(Role.PLANNER), plan)
    book(own, machine="mill-1", title="My milling")

    answer = fetch(own.post("/me/feed").json()["url"])

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert sorted(str(event["summary"]) for event in events) == [
        "My milling",
        "My prisms; with, commas: Cure",
        "My prisms; with, commas: Mill faces",
        "My prisms; with, commas: Mix",
    ]
    mix = next(event for event in events if str(event["summary"]).endswith("Mix"))
    assert mix.decoded("dtstart") == NEXT_WEEK
    assert "Workshop bench" in str(mix["location"])
    assert "Their" not in answer.text


def test_a_fresh_address_ends_the_former_one(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    former, fresh = (browser.post("/me/feed").json()["url"] for _ in range(2))

    assert fetch(former).status_code == 404
    assert fetch(fresh).status_code == 200


def test_an_address_taken_back_answers_as_if_it_had_never_been(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    address = browser.post("/me/feed").json()["url"]

    assert browser.delete("/me/feed").status_code == 204

    gone, never = fetch(address), fetch(f"{api.address}/api/v1/feeds/{'x' * 43}.ics")
    assert gone.status_code == never.status_code == 404
    assert gone.json() | {"request_id": ""} == never.json() | {"request_id": ""}
    assert browser.get("/me/feed").json() == {"url": None}


def test_the_database_holds_no_secret(api: RunningApi) -> None:
    address = api.browser(Role.CUSTOMER, "nordbeton").post("/me/feed").json()["url"]
    secret = address.rsplit("/", 1)[1].removesuffix(".ics")

    with api.services.database.reading() as session:
        hashes = [feed.secret_hash for feed in session.query(CalendarFeed)]

    assert hashes
    assert secret not in hashes
