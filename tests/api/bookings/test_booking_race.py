"""Sixteen people who book the same machine at the same moment: one gets it."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import text

from pilotline_api.accounts.models import Role
from tests.api.live.running import RunningApi, running

RACERS = 16
CLIENTS = ("nordbeton", "fjordform")


@contextmanager
def racers(api: RunningApi) -> Iterator[list["subprocess.Popen[str]"]]:
    host = api.address.removeprefix("http://")
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, Path(__file__).with_name("racer.py"), host, token],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for token in (
                api.sign_in(Role.CUSTOMER, CLIENTS[number % 2]) for number in range(RACERS)
            )
        ]
        for racer in started:
            assert racer.stdout is not None
            assert racer.stdout.readline() == '"ready"\n'
        yield started
        for racer in started:
            assert racer.stdin is not None
            racer.stdin.close()


def race(started: list["subprocess.Popen[str]"], hour: int) -> Counter[tuple[int, str | None]]:
    # All start within one minute of another, so any two of them overlap.
    for number, racer in enumerate(started):
        assert racer.stdin is not None
        body = {
            "machine": "mixer-1",
            "start": f"2050-01-03T{hour:02}:{number:02}:00Z",
            "end": f"2050-01-03T{hour:02}:50:00Z",
            "title": "Race",
        }
        racer.stdin.write(json.dumps(body) + "\n")
    for racer in started:
        assert racer.stdin is not None
        racer.stdin.flush()
    answers: Counter[tuple[int, str | None]] = Counter()
    for racer in started:
        assert racer.stdout is not None
        status, code = json.loads(racer.stdout.readline())
        answers[status, code] += 1
    return answers


def overlaps(api: RunningApi) -> int:
    with api.services.database.reading() as session:
        return int(
            session.execute(
                text(
                    "SELECT count(*) FROM occupancy a JOIN occupancy b ON a.machine = b.machine "
                    "AND a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"
                )
            ).scalar_one()
        )


def sixteen_race_for_four_slots(api: RunningApi) -> None:
    with racers(api) as started:
        for hour in (8, 9, 10, 11):
            assert race(started, hour) == {(201, None): 1, (409, "busy"): RACERS - 1}
    assert overlaps(api) == 0


def test_exactly_one_of_sixteen_gets_the_machine(api: RunningApi) -> None:
    sixteen_race_for_four_slots(api)


def one_key_has_one_effect(api: RunningApi) -> None:
    token = api.sign_in(Role.CUSTOMER, "nordbeton")
    browsers = [api.client(token, **{"Idempotency-Key": "impatient"}) for _ in range(8)]
    body = {
        "machine": "oven-1",
        "start": "2050-01-04T08:00:00Z",
        "end": "2050-01-04T09:00:00Z",
        "title": "Clicked eight times",
    }
    with ThreadPoolExecutor(len(browsers)) as together:
        answers = list(together.map(lambda each: each.post("/bookings", json=body), browsers))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_eight_clicks_with_one_key_book_once(api: RunningApi) -> None:
    one_key_has_one_effect(api)


def test_exactly_one_of_sixteen_gets_the_machine_on_postgresql(
    tmp_path: Path, postgres_url: str
) -> None:
    with running(tmp_path, database_url=postgres_url) as api:
        sixteen_race_for_four_slots(api)
        one_key_has_one_effect(api)
