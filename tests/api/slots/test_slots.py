"""Slots: own ones in full; of others' time only that it is taken."""

from datetime import timedelta

from pilotline_api.accounts.models import Role
from tests.api.live.running import RunningApi
from tests.api.world import NEXT_WEEK, Placed, ask, at, book, draft, publish, spread


def window(days: int = 0) -> dict[str, str]:
    start = NEXT_WEEK + timedelta(days=days)
    return {"start": at(start), "end": at(start + timedelta(days=1))}


def test_a_customer_sees_own_slots_in_full_and_others_as_merged_busy_time(
    api: RunningApi,
) -> None:
    own, other = api.browser(Role.CUSTOMER, "nordbeton"), api.browser(Role.CUSTOMER, "fjordform")
    mine, theirs = ask(own, title="My prisms"), ask(other, title="Their prisms")
    mix, cure, face = (each["id"] for each in theirs["operations"])
    plan = draft(
        api,
        [
            *spread(mine, NEXT_WEEK + timedelta(hours=4)),
            # Two of theirs touch on the mixer: where one ends and the next begins is not told.
            Placed(mix, "mixer-1", NEXT_WEEK, 30),
            Placed(cure, "mixer-1", NEXT_WEEK + timedelta(minutes=30), 30),
            Placed(face, "mill-1", NEXT_WEEK + timedelta(minutes=70), 20, setup_minutes=10),
        ],
    )
    assert publish(api.browser(Role.PLANNER), plan).status_code == 200

    seen = own.get("/slots", params=window()).json()

    full = [slot for slot in seen if not slot["busy"]]
    assert {slot["run"]["title"] for slot in full} == {"My prisms"}
    assert full[0]["client"]["id"] == "nordbeton"
    assert full[0]["operation"]["name"] == "Mix"
    busy = [slot for slot in seen if slot["busy"]]
    assert busy == [
        {
            "machine": "mill-1",
            "start": at(NEXT_WEEK + timedelta(minutes=60)),
            "end": at(NEXT_WEEK + timedelta(minutes=90)),
            "busy": True,
        },
        {
            "machine": "mixer-1",
            "start": at(NEXT_WEEK),
            "end": at(NEXT_WEEK + timedelta(minutes=60)),
            "busy": True,
        },
    ]


def test_staff_see_every_slot_and_no_busy_time(api: RunningApi) -> None:
    seen = api.browser(Role.OPERATOR).get("/slots", params=window()).json()

    assert {slot["client"]["id"] for slot in seen} == {"nordbeton", "fjordform"}
    assert not any(slot["busy"] for slot in seen)


def test_busy_time_is_cut_to_what_was_asked_for(api: RunningApi) -> None:
    own = api.browser(Role.CUSTOMER, "nordbeton")
    start, end = NEXT_WEEK + timedelta(minutes=20), NEXT_WEEK + timedelta(minutes=40)

    seen = own.get("/slots", params={"start": at(start), "end": at(end)}).json()

    assert seen == [{"machine": "mixer-1", "start": at(start), "end": at(end), "busy": True}]


def test_one_machine_can_be_asked_for(api: RunningApi) -> None:
    own = api.browser(Role.CUSTOMER, "nordbeton")

    seen = own.get("/slots", params=window() | {"machine": "mill-1"}).json()

    assert {slot["machine"] for slot in seen} == {"mill-1"}


def test_others_bookings_are_busy_and_own_ones_are_not(api: RunningApi) -> None:
    own, other = api.browser(Role.CUSTOMER, "nordbeton"), api.browser(Role.CUSTOMER, "fjordform")
    start = NEXT_WEEK + timedelta(days=2)
    book(own, start=at(start), end=at(start + timedelta(hours=1)))

    assert own.get("/slots", params=window(days=2)).json() == []
    assert other.get("/slots", params=window(days=2)).json() == [
        {
            "machine": "mixer-1",
            "start": at(start),
            "end": at(start + timedelta(hours=1)),
            "busy": True,
        }
    ]


def test_a_slot_names_what_its_machine_measures_to_its_owner_only(api: RunningApi) -> None:
    own, other = api.browser(Role.CUSTOMER, "nordbeton"), api.browser(Role.CUSTOMER, "fjordform")
    slot = next(slot for slot in own.get("/slots", params=window()).json() if not slot["busy"])

    read = own.get(f"/slots/{slot['id']}").json()
    assert {tag["id"] for tag in read["tags"]} >= {"speed", "torque"}
    assert {name: value for name, value in read.items() if name != "tags"} == slot

    assert other.get(f"/slots/{slot['id']}").status_code == 404


def test_slots_of_a_plan_that_was_replaced_are_gone(api: RunningApi) -> None:
    own, planner = api.browser(Role.CUSTOMER, "nordbeton"), api.browser(Role.PLANNER)
    run = ask(own)
    publish(planner, draft(api, spread(run, NEXT_WEEK + timedelta(days=3))))
    old = own.get("/slots", params=window(days=3)).json()
    publish(planner, draft(api, spread(run, NEXT_WEEK + timedelta(days=4))))

    assert own.get("/slots", params=window(days=3)).json() == []
    assert len(own.get("/slots", params=window(days=4)).json()) == len(old) == 3
    assert own.get(f"/slots/{old[0]['id']}").status_code == 404
