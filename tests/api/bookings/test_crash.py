"""The API is killed while people book: what was answered is there, and nothing twice."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from pilotline_api.accounts.models import Role, User
from pilotline_api.accounts.repository import organisation_of_client
from pilotline_api.accounts.service import ensure_organisations
from pilotline_api.accounts.sessions import COOKIE, open_session
from pilotline_api.kit.base import new_id, utc_now
from pilotline_api.kit.database import Database
from pilotline_api.migrations import migrate
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant
from tests.api.world import NEXT_WEEK, Json, at

PEOPLE = 4
BENCH = example_plant("bench")


def customer(data: Path) -> str:
    """Prepare a database with one customer and return a session's token."""
    database = Database(f"sqlite:///{data}/pilotline.sqlite")
    migrate(database)
    with database.writing() as session:
        ensure_organisations(session, read_plant(BENCH))
        organisation = organisation_of_client(session, "nordbeton")
        assert organisation is not None
        user = User(
            id=new_id(),
            organisation=organisation,
            name="Kim",
            email="kim@nordbeton.example",
            role=Role.CUSTOMER,
            password_hash="-",
            created_at=utc_now(),
        )
        session.add(user)
        session.flush()
        token = open_session(session, user, utc_now())
    database.close()
    return token


@contextmanager
def api(data: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    words = ["serve", "--plant", str(BENCH), "--data", str(data), "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "pilotline", "api", *words], stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the API did not start")


def browser(address: str, token: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"{address}/api/v1",
        cookies={COOKIE: token},
        headers={"Origin": address},
        trust_env=False,
        timeout=10,
    )


def body(number: int) -> Json:
    start = NEXT_WEEK + timedelta(minutes=10 * number)
    return {
        "machine": "mixer-1",
        "start": at(start),
        "end": at(start + timedelta(minutes=10)),
        "title": f"Booking {number}",
    }


def book(client: httpx.Client, number: int) -> httpx.Response:
    return client.post("/bookings", json=body(number), headers={"Idempotency-Key": f"k-{number}"})


def bookings(client: httpx.Client) -> list[Json]:
    """Return what is booked, asked for again while the database is busy with its recovery."""
    deadline = time.monotonic() + 30
    while (answer := client.get("/bookings")).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def book_until_it_dies(
    address: str, token: str, person: int, tried: set[int], answered: dict[int, str]
) -> None:
    with browser(address, token) as client:
        for number in range(person, 100_000, PEOPLE):
            tried.add(number)
            try:
                answer = book(client, number)
            except httpx.HTTPError:
                return
            assert answer.status_code == 201, answer.text
            answered[number] = answer.json()["id"]


def test_what_was_answered_is_there_and_a_retry_books_nothing_twice(tmp_path: Path) -> None:
    token = customer(tmp_path)
    tried: set[int] = set()
    answered: dict[int, str] = {}
    with api(tmp_path) as (address, process):
        people = [
            threading.Thread(
                target=book_until_it_dies, args=(address, token, person, tried, answered)
            )
            for person in range(PEOPLE)
        ]
        for each in people:
            each.start()
        deadline = time.monotonic() + 30
        while len(answered) < 10 * PEOPLE and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        for each in people:
            each.join()
    assert len(answered) > PEOPLE

    with api(tmp_path) as (address, _), browser(address, token) as client:
        survived = {each["title"]: each["id"] for each in bookings(client)}
        assert {f"Booking {number}": found for number, found in answered.items()}.items() <= (
            survived.items()
        )
        for number in tried:
            again = book(client, number)
            assert again.status_code == 201, again.text
            assert answered.get(number, again.json()["id"]) == again.json()["id"]
        titles = [each["title"] for each in bookings(client)]

    assert sorted(titles) == sorted(f"Booking {number}" for number in tried)
