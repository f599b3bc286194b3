"""Taking pushes: changes are passed on, strangers are logged once, silence is noticed."""

from structlog.testing import capture_logs

from pilotline_api.live.clock import Moment
from pilotline_api.live.hub import Hub
from pilotline_api.live.ingest import MAX_REMEMBERED, EdgeIngest
from pilotline_api.live.plant_image import PlantImage
from pilotline_api.live.reading import Applied
from tests.api.live.floor import GOOD, NOON_NS, bench, body, moment
from tests.api.live.virtual_time import in_virtual_time


class Desk:
    """An ingest with a clock that is set by hand and a watcher that notes what it is told."""

    def __init__(self) -> None:
        self.now = moment(0)
        self.seen: list[Applied] = []
        image = PlantImage(bench(), self.now)
        self.ingest = EdgeIngest(image, Hub(image, lambda: self.now), self, lambda: self.now)

    def changed(self, applied: Applied, now: Moment) -> None:
        assert now == self.now
        self.seen.append(applied)

    def take(self, *values: tuple[object, ...], **connections: bool) -> Applied:
        async def taking() -> Applied:
            return self.ingest.take(body(values, connections))[0]

        return in_virtual_time(taking())

    def look(self) -> None:
        async def looking() -> None:
            self.ingest.look_for_silence()

        in_virtual_time(looking())


def test_what_changed_is_passed_on() -> None:
    desk = Desk()

    applied = desk.take(("mixer", "speed", NOON_NS, 1.0, GOOD), mixer=True)

    assert desk.seen == [applied]
    assert [reading.value for reading in applied.readings] == [1.0]
    assert [connection.machine for connection in applied.connections] == ["mixer"]


def test_an_unknown_tag_is_logged_once_however_often_it_comes() -> None:
    desk = Desk()
    with capture_logs() as logs:
        for count in range(5):
            desk.take(("mixer", "colour", NOON_NS + count, 1.0, GOOD), ghost=True)
        desk.take(("mixer", "smell", NOON_NS, 1.0, GOOD))

    tags = [each["tags"] for each in logs if each["event"] == "edge.unknown_tags"]
    assert tags == [["mixer.colour", "ghost"], ["mixer.smell"]]


def test_an_agent_that_invents_tags_cannot_flood_the_log_or_the_memory() -> None:
    desk = Desk()
    with capture_logs() as logs:
        for count in range(5):
            desk.take(
                *((f"m{count}-{each}", "t", NOON_NS, 1, GOOD) for each in range(MAX_REMEMBERED))
            )

    unknown = [each for each in logs if each["event"] == "edge.unknown_tags"]
    assert len(unknown) == 1
    assert len(unknown[0]["tags"]) == 20


def test_a_silent_edge_is_noticed_once() -> None:
    desk = Desk()
    desk.take(mixer=True)
    desk.now = moment(6.5)
    with capture_logs() as logs:
        desk.look()
        desk.look()

    assert [each["machines"] for each in logs if each["event"] == "edge.silent"] == [["mixer"]]
    assert [each.connections[0].connected for each in desk.seen if each.connections] == [
        True,
        False,
    ]
    assert desk.ingest.newest_push == moment(0)
