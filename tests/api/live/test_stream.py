"""The live stream over a real server: several readers, rights that end, and an end to all."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import httpx
import pytest

from pilotline_api.accounts.models import Role
from pilotline_api.accounts.sessions import COOKIE, close_session
from pilotline_api.kit.events import Audience, publish
from pilotline_api.live.mailbox import Mailbox
from tests.api.live.floor import GOOD, body
from tests.api.live.running import RunningApi, running, stream, value_of

STAFF = [Role.OPERATOR, Role.PLANNER, Role.ENGINEER, Role.ADMINISTRATOR]
_ticks = count(time.time_ns())


def say(api: RunningApi, value: object, tag: str = "speed", machine: str = "mixer-1") -> None:
    answer = api.push(body([(machine, tag, next(_ticks), value, GOOD)], {machine: True}))
    assert answer.status_code == 204, answer.text


def test_nobody_signed_in_gets_no_stream(api: RunningApi) -> None:
    answer = api.client().get("/stream")

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"


@pytest.mark.parametrize("role", STAFF)
def test_every_member_of_staff_sees_what_the_edge_says(api: RunningApi, role: Role) -> None:
    with stream(api.browser(role)) as reader:
        snapshot = reader.next("snapshot")
        assert set(snapshot["machines"]) == {"mixer-1", "oven-1", "mill-1"}

        say(api, 12.5)
        while value_of(reader.next("live"), "mixer-1", "speed") != 12.5:
            pass


def test_the_answer_tells_proxies_and_caches_to_keep_off(api: RunningApi) -> None:
    with stream(api.browser(Role.OPERATOR)) as reader:
        headers = reader.response.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"


def test_a_customer_gets_own_runs_and_plans_but_no_machine_and_no_alarm(api: RunningApi) -> None:
    acme, globex = api.browser(Role.CUSTOMER, "acme"), api.browser(Role.CUSTOMER, "globex")
    acme_id = api.organisation("acme")
    with stream(acme) as own, stream(globex) as other:
        assert own.next("snapshot")["machines"] == {}
        assert other.next("snapshot")["machines"] == {}
        say(api, 1.0)
        with api.services.database.writing() as session:
            publish(session, "alarm", {"id": "a"}, audience=Audience.STAFF)
            publish(session, "solve", {"id": "s"}, audience=Audience.PLANNERS)
            publish(
                session, "run", {"id": "r"}, audience=Audience.ORGANISATION, organisation=acme_id
            )
            publish(session, "plan", {"id": "p"}, audience=Audience.EVERYONE)

        assert next(own.frames()) == ("run", {"id": "r"})
        assert next(own.frames()) == ("plan", {"id": "p"})
        assert next(other.frames()) == ("plan", {"id": "p"})


def test_only_planners_follow_a_solve(api: RunningApi) -> None:
    with stream(api.browser(Role.PLANNER)) as planner, stream(api.browser(Role.OPERATOR)) as other:
        planner.next("snapshot")
        other.next("snapshot")
        with api.services.database.writing() as session:
            publish(session, "solve", {"id": "s"}, audience=Audience.PLANNERS)
            publish(session, "plan", {"id": "p"}, audience=Audience.STAFF)

        assert planner.next("solve", "plan") == {"id": "s"}
        assert other.next("solve", "plan") == {"id": "p"}


def test_a_rolled_back_change_is_never_told(api: RunningApi) -> None:
    with stream(api.browser(Role.OPERATOR)) as reader:
        reader.next("snapshot")
        with api.services.database.writing() as session:
            publish(session, "plan", {"id": "never"}, audience=Audience.EVERYONE)
            session.rollback()
        with api.services.database.writing() as session:
            publish(session, "plan", {"id": "real"}, audience=Audience.EVERYONE)

        assert reader.next("plan") == {"id": "real"}


@pytest.mark.parametrize(
    "hostile",
    [
        "a\n\nevent: alarm\ndata: {}\n\n",
        "<script>alert(1)</script>",
        "\u2028\u2029\u0085\u0000\r\n",
        '"}}]',
    ],
)
def test_hostile_text_from_a_machine_stays_a_text(api: RunningApi, hostile: str) -> None:
    with stream(api.browser(Role.OPERATOR)) as reader:
        reader.next("snapshot")
        say(api, hostile, tag="job")
        while value_of(reader.next("live", "alarm"), "mixer-1", "job") != hostile:
            pass


@pytest.mark.alone
def test_signing_out_ends_the_stream_within_five_seconds(api: RunningApi) -> None:
    token, other_token = api.sign_in(Role.OPERATOR), api.sign_in(Role.OPERATOR)
    with stream(api.client(token)) as revoked, stream(api.client(other_token)) as other:
        revoked.next("snapshot")
        other.next("snapshot")
        with api.services.database.writing() as session:
            close_session(session, token)
        revoked_s = time.monotonic()

        for _ in revoked.frames():
            pass

        assert time.monotonic() - revoked_s <= 5
        say(api, 77.0)
        while value_of(other.next("live"), "mixer-1", "speed") != 77.0:
            pass
    assert api.client(token).get("/stream").status_code == 401


def test_one_user_may_not_open_streams_without_end(api: RunningApi) -> None:
    token = api.sign_in(Role.OPERATOR)
    with ExitStack() as opened:
        for _ in range(30):
            opened.enter_context(stream(api.client(token)))

        answer = api.client(token).get("/stream")

        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0


def test_a_reader_that_does_not_read_slows_nobody(tmp_path: Path) -> None:
    with running(tmp_path, send_buffer=4096) as api:
        token = api.sign_in(Role.OPERATOR)
        host, port = api.address.removeprefix("http://").split(":")
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect((host, int(port)))
            slow.sendall(
                f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\n"
                f"Cookie: {COOKIE}={token}\r\n\r\n".encode()
            )
            with stream(api.browser(Role.OPERATOR)) as quick:
                quick.next("snapshot")
                pushes = _pushes_that_arrive(api, quick.frames())
                deadline = time.monotonic() + 60
                while not _overtaken(api):
                    assert time.monotonic() < deadline, "the slow reader never fell behind"
                    next(pushes)
                for _ in range(10):
                    next(pushes)
                assert [each.snapshots_after_lag for each in _overtaken(api)] == [1]


def _overtaken(api: RunningApi) -> list[Mailbox]:
    """Return the mailboxes whose reader fell so far behind that a snapshot replaced changes."""
    return [each.mailbox for each in api.live.hub.subscriptions if each.mailbox.snapshots_after_lag]


def _pushes_that_arrive(api: RunningApi, frames: Iterator[tuple[str, object]]) -> Iterator[int]:
    """Push big frames, each once the one before has arrived, and yield their numbers."""
    machines = api.services.plant.machines
    for number in count(1):
        text = f"{number:0256d}"
        values = [
            (machine.id, tag.id, next(_ticks), text, GOOD)
            for machine in machines
            for tag in machine.tags
        ]
        assert api.push(body(values)).status_code == 204
        for _, data in frames:
            if text in str(data):
                break
        yield number


SERVE = """
import sys
from pathlib import Path
from pilotline_api.app import create_app
from pilotline_api.live.server import server
from tests.api.live.running import settings
server(create_app(settings(Path(sys.argv[1]))), host="127.0.0.1", port=int(sys.argv[2])).run()
"""


@pytest.mark.alone
def test_ctrl_c_ends_everything_within_five_seconds_however_many_streams_are_open(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as api:  # makes the database and a session
        token = api.sign_in(Role.OPERATOR)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path), str(port)]) as process:
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1", cookies={COOKIE: token}, trust_env=False
        )
        try:
            with client, ExitStack() as opened:
                _wait_until_alive(client)
                readers = [opened.enter_context(stream(client)) for _ in range(10)]
                for reader in readers:
                    reader.next("snapshot")
                process.send_signal(signal.SIGINT)
                pressed_s = time.monotonic()
                ended = [
                    threading.Thread(target=lambda r=each: list(r.frames())) for each in readers
                ]
                for thread in ended:
                    thread.start()
                process.wait(10)
                assert time.monotonic() - pressed_s < 5.0
                for thread in ended:
                    thread.join(1)
        finally:
            process.kill()


def _wait_until_alive(client: httpx.Client) -> None:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        try:
            if client.get("/live").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("the API did not start")
