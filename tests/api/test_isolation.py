"""Two customers side by side: whatever one of them asks, nothing of the other comes back.

Every operation of the OpenAPI document is walked as customer B with the ids of customer A's
objects. A new operation is walked by itself; a new kind of parameter has to be named here.
"""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event, func, select

from pilotline_api.accounts.models import Role
from pilotline_api.bookings.models import Booking
from pilotline_api.kit.database import Scope
from pilotline_api.plans.models import Slot
from pilotline_api.runs.models import Operation, TrialRun
from tests.api.live.running import RunningApi, running, stream
from tests.api.world import (
    NEXT_WEEK,
    Json,
    ask,
    at,
    book,
    draft,
    publish,
    request,
    spread,
)

MARKER = "Sølvræv"
OWNER, STRANGER = "nordbeton", "fjordform"
WITHOUT_SESSION = {
    ("post", "/api/v1/session"),
    ("delete", "/api/v1/session"),
    ("get", "/api/v1/feeds/{secret}.ics"),
    ("get", "/api/v1/live"),
    ("get", "/api/v1/ready"),
    # From this machine, as the tests ask; from elsewhere with an administrator's session.
    ("get", "/api/v1/metrics"),
}
MACHINES = ["mixer-1", "oven-1", "mill-1"]


@dataclass
class Planted:
    """What customer A has, and every word that gives it away."""

    api: RunningApi
    owner_token: str
    runs: list[Json] = field(default_factory=list)
    ids: dict[str, list[str]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)

    def traces(self, answer: httpx.Response) -> set[str]:
        """Every word of A in a body or header."""
        text = answer.text + "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        return {word for word in self.words if word.casefold() in text.casefold()}


def plant_everything(api: RunningApi) -> Planted:
    """Let customer A use all there is to use."""
    token = api.sign_in(Role.CUSTOMER, OWNER, name=f"Kim {MARKER}")
    owner, planner = api.client(token), api.browser(Role.PLANNER)
    planted = Planted(api, token)
    planned, requested, cancelled = (
        ask(owner, title=f"{MARKER} run {number}") for number in range(3)
    )
    owner.post(f"/trial-runs/{cancelled['id']}/cancellation")
    plan = draft(api, spread(planned, NEXT_WEEK))
    assert publish(planner, plan).status_code == 200
    proposal = draft(api, spread(planned, NEXT_WEEK + timedelta(days=1)))
    start = at(NEXT_WEEK + timedelta(days=2))
    end = at(NEXT_WEEK + timedelta(days=2, hours=1))
    booking = book(owner, title=f"{MARKER} booking", start=start, end=end).json()
    solve = planner.post("/solves", json={"time_limit_s": 5, "title": f"Plan for {MARKER}"}).json()
    feed = owner.post("/me/feed").json()["url"].rsplit("/", 1)[1].removesuffix(".ics")
    slots = [each["id"] for each in planner.get(f"/plans/{plan}").json()["slots"]]
    user = owner.get("/session").json()["user"]
    planted.runs = [planned, requested, cancelled]
    planted.ids = {
        "run_id": [run["id"] for run in planted.runs],
        "slot_id": slots,
        "booking_id": [booking["id"]],
        "plan_id": [plan, proposal],
        "solve_id": [solve["id"]],
        "machine_id": MACHINES,
        "alarm_id": ["0" * 32],
        "secret": ["x" * 43],
    }
    operations = [each["id"] for run in planted.runs for each in run["operations"]]
    planted.words = {
        MARKER,
        "Nordbeton",
        user["id"],
        user["email"],
        user["organisation"]["id"],
        feed,
        *planted.ids["run_id"],
        *slots,
        booking["id"],
        *operations,
    }
    return planted


@pytest.fixture(scope="module")
def planted_once(module_api: RunningApi) -> Planted:
    planted = plant_everything(module_api)
    module_api.close_browsers()
    return planted


@pytest.fixture
def planted(api: RunningApi, planted_once: Planted) -> Planted:
    """What customer A has; what the test's browsers hold open is closed with it."""
    assert api is planted_once.api
    return planted_once


def paths(template: str, names: list[str], ids: dict[str, list[str]]) -> Iterator[str]:
    """A path with each of A's ids in it."""
    kinds = []
    for name in names:
        assert name in ids, f"say in test_isolation.py which ids {{{name}}} of {template} takes"
        kinds.append(ids[name])
    for chosen in itertools.product(*kinds):
        yield template.format(**dict(zip(names, chosen, strict=True)))


def operations(api: RunningApi) -> list[tuple[str, str, list[str]]]:
    document = api.client().get("/openapi.json").json()
    return [
        (
            method,
            template,
            [each["name"] for each in operation.get("parameters", []) if each["in"] == "path"],
        )
        for template, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def bodies(template: str) -> list[Json | None]:
    """What customer B could send: nothing, nonsense, and what is valid there."""
    whole_day = {"start": at(NEXT_WEEK), "end": at(NEXT_WEEK + timedelta(days=1))}
    valid: dict[str, list[Json]] = {
        "/api/v1/trial-runs": [
            request(title="B's own"),
            request(title="B's own", client=OWNER),
        ],
        "/api/v1/bookings": [
            {"machine": machine, "title": "B's own", **whole_day} for machine in MACHINES
        ]
        + [{"machine": "mill-1", "title": "B's own", "client": OWNER, **whole_day}],
        "/api/v1/solves": [{"time_limit_s": 5}],
        "/api/v1/session": [{"email": "customer@nordbeton.example", "password": "guess"}],
    }
    return [None, {"comment": "B was here"}, *valid.get(template, [])]


QUERIES: list[dict[str, str]] = [
    {},
    {"start": at(NEXT_WEEK - timedelta(days=2)), "end": at(NEXT_WEEK + timedelta(days=5))},
    {"limit": "200", "status": "planned", "state": "all", "machine": "mixer-1"},
]


def walk(
    planted: Planted, stranger: httpx.Client, *methods: str
) -> Iterator[tuple[str, httpx.Response]]:
    """Ask everything with everything."""
    for method, template, names in operations(planted.api):
        if methods and method not in methods:
            continue
        if template == "/api/v1/stream" or (method, template) == ("delete", "/api/v1/session"):
            continue
        for path in paths(template, names, planted.ids):
            asked = (
                itertools.product(QUERIES, [None])
                if method == "get"
                else itertools.product(QUERIES[:1], bodies(template))
            )
            for query, body in asked:
                answer = stranger.request(
                    method,
                    planted.api.address + path,
                    params=query | {"with": planted.ids["plan_id"][0], "tag": "speed"},
                    json=body,
                    headers={"If-Match": '"1"'},
                )
                yield f"{method} {path} {query} {body}", answer


def test_no_operation_gives_one_customer_a_trace_of_another(planted: Planted) -> None:
    stranger = planted.api.browser(Role.CUSTOMER, STRANGER)
    asked = 0
    for what, answer in walk(planted, stranger):
        asked += 1
        assert answer.status_code != 500, what
        assert planted.traces(answer) == set(), what
        # Staff-only answers must not tell apart what exists from what does not.
        assert answer.status_code != 412, what
    assert asked > 100


def test_what_another_customer_owns_answers_as_what_does_not_exist(planted: Planted) -> None:
    stranger = planted.api.browser(Role.CUSTOMER, STRANGER)
    owned = {"run_id", "slot_id", "booking_id"}
    walked = 0
    for method, template, names in operations(planted.api):
        if not owned & set(names):
            continue
        walked += 1
        nobodys_ids = {name: ["f" * 32] for name in names}
        (nobodys,) = paths(template, names, nobodys_ids)
        for path in paths(template, names, planted.ids):
            answers = [
                stranger.request(method, planted.api.address + each, params={"tag": "speed"})
                for each in (path, nobodys)
            ]
            foreign, missing = (answer.json() | {"request_id": ""} for answer in answers)
            assert foreign == missing, path
            assert foreign["status"] == 404, path
            kept = [
                {name for name in answer.headers if name not in {"date", "x-request-id"}}
                for answer in answers
            ]
            assert kept[0] == kept[1], path
    assert walked >= 5


def test_the_owner_does_see_what_was_planted(planted: Planted) -> None:
    """Otherwise the walk would find nothing because nothing is there."""
    owner = planted.api.client(planted.owner_token)
    seen = "".join(answer.text for _, answer in walk(planted, owner))

    assert MARKER in seen
    assert "Nordbeton" in seen
    for kind in ("run_id", "slot_id"):
        assert set(planted.ids[kind]) & {each for each in planted.ids[kind] if each in seen}


def test_a_stream_tells_one_customer_nothing_of_another(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        stranger = api.browser(Role.CUSTOMER, STRANGER)
        with stream(stranger) as reader:
            assert reader.next("snapshot")
            planted = plant_everything(api)
            ask(stranger, title="B's own, which ends the reading")
            frames = []
            for kind, data in reader.frames():
                frames.append((kind, data))
                if kind == "run":
                    break

    kinds = {kind for kind, _ in frames}
    assert kinds <= {"snapshot", "live", "plan", "run"}
    text = str(frames).casefold()
    assert {word for word in planted.words if word.casefold() in text} == set()


def test_every_operation_but_a_few_needs_a_session(planted: Planted) -> None:
    for method, template, names in operations(planted.api):
        if (method, template) in WITHOUT_SESSION:
            continue
        for path in itertools.islice(paths(template, names, planted.ids), 1):
            for body in bodies(template):
                with httpx.Client(trust_env=False, verify=False) as nobody:  # noqa: S501 - http
                    answer = nobody.request(
                        method,
                        planted.api.address + path,
                        json=body,
                        params={"with": "x", "tag": "speed"},
                        headers={"Origin": planted.api.address, "If-Match": '"0"'},
                    )
                refused = answer.status_code == 401 or (body is None and answer.status_code == 422)
                assert refused, f"{method} {path}: {answer.status_code} {answer.text}"
                assert planted.traces(answer) == set()


def test_customers_are_kept_apart_by_the_database_too(tmp_path: Path, postgres_url: str) -> None:
    """On PostgreSQL a query that forgets its organisation still finds nothing."""
    with running(tmp_path, database_url=postgres_url) as api:
        planted = plant_everything(api)
        database = api.services.database
        mine, theirs = Scope(api.organisation(OWNER)), Scope(api.organisation(STRANGER))
        for table in (TrialRun, Operation, Booking, Slot):
            counts = []
            for scope in (mine, theirs):
                with database.reading(scope) as session:
                    counts.append(session.scalar(select(func.count()).select_from(table)))
            assert counts[0], table
            assert counts[1] == 0, table
        # And the answers over HTTP are those of SQLite.
        stranger = api.browser(Role.CUSTOMER, STRANGER)
        for what, answer in walk(planted, stranger, "get"):
            assert planted.traces(answer) == set(), what


def test_an_answer_takes_no_longer_for_what_exists(planted: Planted) -> None:
    """Same queries either way: nothing is loaded first and then withheld."""
    stranger = planted.api.browser(Role.CUSTOMER, STRANGER)
    counted: list[int] = []
    lock = threading.Lock()

    def count(*_: object) -> None:
        with lock:
            counted[-1] += 1

    engine = planted.api.services.database.engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        for run in (planted.ids["run_id"][0], "f" * 32):
            counted.append(0)
            assert stranger.get(f"/trial-runs/{run}").status_code == 404
    finally:
        event.remove(engine, "before_cursor_execute", count)

    assert counted[0] == counted[1] > 0
