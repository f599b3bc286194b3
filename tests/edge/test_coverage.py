"""Every value a machine sent is received or lies in a declared gap."""

import json
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_edge.cause import Cause
from pilotline_edge.link.coverage import Coverage, Seen
from pilotline_edge.link.known import POLLED
from pilotline_edge.link.opening import Span
from pilotline_edge.subscription.publication import OVERFLOW
from pilotline_historian import Gap

MS = 1_000_000
START = 1_700_000_000_000 * MS
TAGS = ("speed", "state", "power")
GROUPS = {"speed": 100, "state": 100, "power": 500}


def coverage() -> Coverage:
    return Coverage("aarhus", "mill-1", GROUPS, {100: 0, 500: 0})


@dataclass
class World:
    """A machine's server with queues, an agent, and what each knows."""

    now: int = START
    agent: Coverage = field(default_factory=coverage)
    current: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TAGS, START - 1000 * MS))
    queues: dict[str, list[Seen]] = field(default_factory=dict)
    written: list[tuple[str, int]] = field(default_factory=list)
    received: set[tuple[str, int]] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    spans: list[tuple[str, Span]] = field(default_factory=list)
    missing: set[int] = field(default_factory=set)
    durable: str = ""

    def __post_init__(self) -> None:
        self.agent.begin(self.now)
        self.subscribe(frozenset(), Cause.AGENT_STARTED)

    def declare(self, gaps: list[Gap]) -> None:
        """What is held back until history was read is asked for once, at once."""
        self.gaps += gaps
        for gap in gaps:
            spans = self.agent.spans_of(gap)
            assert spans, "a gap must say what is missing in it"
            self.spans += spans.items()

    def subscribe(self, refused: frozenset[str], cause: Cause) -> None:
        """Items are created anew; the server first sends each current value."""
        self.agent.lost(TAGS, cause)
        self.queues = {tag: [(tag, self.current[tag], 0)] for tag in TAGS if tag not in refused}
        self.missing.clear()

    def write(self, tag: str, late_ms: int) -> None:
        """A value is stamped; one that is late reaches its queue only after a publish."""
        if late_ms:
            self.publish(GROUPS[tag])
        stamp = max(self.now - late_ms * MS, self.current[tag] + 1)
        self.current[tag] = stamp
        self.written.append((tag, stamp))
        if tag in self.queues:
            self.queues[tag].append((tag, stamp, 0))

    def overflow(self, tag: str) -> None:
        """The queue drops its oldest value and marks the one after it."""
        queue = self.queues.get(tag, [])
        if len(queue) > 1:
            del queue[0]
            queue[0] = (tag, queue[0][1], OVERFLOW)

    def publish(self, group: int) -> None:
        values = [
            value for tag, queue in self.queues.items() if GROUPS[tag] == group for value in queue
        ]
        for tag in self.queues:
            if GROUPS[tag] == group:
                self.queues[tag] = []
        if group in self.missing:
            self.missing.discard(group)
            firsts = {tag: source for tag, source, _ in reversed(values)}
            self.declare(self.agent.messages_missing(group, self.now, Cause.MESSAGES_LOST, firsts))
        self.declare(self.agent.received(group, self.now, True, values))
        self.received |= {(tag, at) for tag, at, _ in values}
        self.durable = json.dumps(self.agent.to_json())

    def lose_message(self, group: int) -> None:
        """A message is lost on the way, and the server no longer has it."""
        if any(tag in self.agent._waiting() for tag, of in GROUPS.items() if of == group):
            return
        for tag in self.queues:
            if GROUPS[tag] == group:
                self.queues[tag] = []
        self.missing.add(group)

    def unknown(self) -> list[tuple[str, int]]:
        """Return what was neither received nor lies in a gap as historians keep them."""
        kept = {(gap.tag, gap.start_ns, gap.cause): gap for gap in self.gaps}.values()
        return [
            (tag, at)
            for tag, at in self.written
            if (tag, at) not in self.received
            and not any(gap.start_ns <= at <= gap.end_ns and gap.tag in (None, tag) for gap in kept)
        ]

    def check_watermark(self) -> None:
        """What the agent vouches for is received or declared, but of the tags that wait."""
        mark = self.agent.watermark()
        if mark is None:
            return
        covered_ns, missing = mark
        waiting = self.agent._waiting()
        assert missing == len(waiting)
        assert [
            (tag, at) for tag, at in self.unknown() if at <= covered_ns and tag not in waiting
        ] == []

    def crash(self, refused: frozenset[str]) -> None:
        """The agent dies; what it journaled last is all it remembers."""
        if self.durable:
            state = json.loads(self.durable)
            self.agent = Coverage.from_json("aarhus", "mill-1", GROUPS, {100: 0, 500: 0}, state)
        else:
            self.agent = coverage()
        self.agent.begin(START)
        self.subscribe(refused, Cause.AGENT_STOPPED)


refusals = st.frozensets(st.sampled_from(TAGS), max_size=2)
actions = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(TAGS), st.sampled_from([0, 0, 0, 40])),
    st.tuples(st.just("publish"), st.sampled_from([100, 500])),
    st.tuples(st.just("overflow"), st.sampled_from(TAGS)),
    st.tuples(st.just("lose_message"), st.sampled_from([100, 500])),
    st.tuples(st.just("subscribe"), refusals, st.just("connection-lost")),
    st.tuples(st.just("crash"), refusals),
    st.tuples(st.just("settle")),
    st.tuples(st.just("wait"), st.integers(1, 2000)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(actions, max_size=60))
def test_every_value_is_received_or_in_a_gap(steps: list[tuple[object, ...]]) -> None:
    world = World()
    for name, *arguments in steps:
        world.now += 60 * MS
        if name == "wait":
            world.now += int(str(arguments[0])) * MS
        elif name == "settle":
            world.declare(world.agent.settle())
            world.durable = json.dumps(world.agent.to_json())
        else:
            getattr(world, str(name))(*arguments)
        world.check_watermark()
    world.now += 60 * MS
    world.subscribe(frozenset(), Cause.CONNECTION_LOST)
    world.publish(100)
    world.publish(500)
    world.publish(100)
    world.publish(500)
    assert world.unknown() == []


def test_a_gap_reaches_from_the_last_publish_to_the_first_new_value() -> None:
    known = coverage()
    known.begin(START)
    known.lost(TAGS, Cause.AGENT_STARTED)
    first = [(tag, START - 5 * MS, 0) for tag in TAGS]
    assert known.received(100, START + 100 * MS, True, first[:2]) == []
    assert known.received(500, START + 100 * MS, True, first[2:]) == []
    known.received(100, START + 1000 * MS, True, [("speed", START + 990 * MS, 0)])
    known.lost(TAGS, Cause.CONNECTION_LOST)
    again = [("speed", START + 5000 * MS, 0), ("state", START - 5 * MS, 0)]
    assert known.received(100, START + 5100 * MS, True, again) == []
    gaps = known.received(500, START + 5100 * MS, True, [("power", START - 5 * MS, 0)])
    assert gaps == [
        Gap(
            "aarhus",
            "mill-1",
            None,
            START + 990 * MS,
            START + 5000 * MS,
            "connection-lost",
        )
    ]


def test_values_that_did_not_change_in_an_outage_leave_no_gap() -> None:
    known = coverage()
    known.begin(START)
    known.lost(TAGS, Cause.AGENT_STARTED)
    unchanged = [(tag, START - 5 * MS, 0) for tag in TAGS]
    for group in (100, 500):
        values = [value for value in unchanged if GROUPS[value[0]] == group]
        assert known.received(group, START + 100 * MS, True, values) == []
    known.lost(TAGS, Cause.CONNECTION_LOST)
    for group in (100, 500):
        values = [value for value in unchanged if GROUPS[value[0]] == group]
        assert known.received(group, START + 9000 * MS, True, values) == []


def test_a_tag_that_stays_away_declares_its_own_gap_when_it_comes_back() -> None:
    known = coverage()
    known.begin(START)
    known.lost(TAGS, Cause.AGENT_STARTED)
    known.received(100, START + 50 * MS, True, [("speed", START + 20 * MS, 0)])
    known.received(500, START + 50 * MS, True, [("power", START - 1 * MS, 0)])
    assert known.unsettled
    (shared,) = known.settle()
    assert (shared.tag, shared.start_ns, shared.end_ns) == (None, START, START + 20 * MS)
    (own,) = known.received(100, START + 900 * MS, True, [("state", START + 800 * MS, 0)])
    # By a nanosecond, so that it never takes the place of the shared one.
    assert (own.tag, own.start_ns, own.end_ns) == ("state", START - 1, START + 800 * MS)


def test_a_machine_seen_late_is_trusted_less() -> None:
    known = coverage()
    known.begin(START)
    known.lost(TAGS, Cause.AGENT_STARTED)
    known.received(100, START + 100 * MS, True, [("speed", START, 0), ("state", START, 0)])
    known.received(100, START + 1000 * MS, True, [])
    assert known.covered_ns("state") == START + 900 * MS
    known.received(100, START + 2000 * MS, True, [("speed", START + 400 * MS, 0)])
    assert known.covered_ns("state") == START + (2000 - 100 - 2 * 600) * MS


def polled_coverage() -> Coverage:
    return Coverage("aarhus", "mill-1", dict.fromkeys(TAGS, POLLED), {})


@dataclass
class PolledWorld:
    """A machine without subscriptions: what it is at each instant that a poll is due."""

    now: int = START
    agent: Coverage = field(default_factory=polled_coverage)
    source: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TAGS, START - 1000 * MS))
    stored: set[tuple[str, int]] = field(default_factory=set)
    due: list[tuple[str, int, int]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    missing: bool = False
    durable: str = ""

    def __post_init__(self) -> None:
        self.agent.begin(self.now)
        self.agent.lost(TAGS, Cause.AGENT_STARTED)

    def write(self, tag: str) -> None:
        self.source[tag] = self.now

    def note_due(self) -> None:
        """Note what a poll would read now."""
        self.due += [(tag, at, self.now) for tag, at in self.source.items()]

    def miss(self) -> None:
        """A poll is due and not made; the machine answers too late."""
        self.note_due()
        self.missing = True

    def poll(self) -> None:
        self.note_due()
        if self.missing:
            self.gaps += self.agent.polls_missed(TAGS, self.now, Cause.POLLS_MISSED)
        self.missing = False
        self.gaps += self.agent.polled(self.now, [(*each, 0) for each in self.source.items()])
        self.stored |= set(self.source.items())
        self.durable = json.dumps(self.agent.to_json())

    def lose(self) -> None:
        """The connection is lost and comes back; the next poll tells what came of it."""
        self.note_due()
        self.agent.lost(TAGS, Cause.CONNECTION_LOST)
        self.missing = False

    def crash(self) -> None:
        self.note_due()
        if self.durable:
            groups, state = dict.fromkeys(TAGS, POLLED), json.loads(self.durable)
            self.agent = Coverage.from_json("aarhus", "mill-1", groups, {}, state)
        else:
            self.agent = polled_coverage()
        self.agent.begin(START)
        self.agent.lost(TAGS, Cause.AGENT_STOPPED)
        self.missing = False


polled_actions = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(TAGS)),
    *(st.tuples(st.just(name)) for name in ("poll", "poll", "miss", "lose", "crash", "settle")),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(polled_actions, max_size=60))
def test_what_a_missed_poll_would_have_read_is_stored_or_in_a_gap(
    steps: list[tuple[str, ...]],
) -> None:
    world = PolledWorld()
    for name, *arguments in steps:
        world.now += 60 * MS
        if name == "settle":
            world.gaps += world.agent.settle()
        else:
            getattr(world, name)(*arguments)
    world.now += 60 * MS
    world.poll()

    def declared(tag: str, at: int) -> bool:
        return any(g.start_ns <= at <= g.end_ns and g.tag in (None, tag) for g in world.gaps)

    unknown = [
        (tag, at)
        for tag, at, instant in world.due
        if (tag, at) not in world.stored and not declared(tag, at) and not declared(tag, instant)
    ]
    assert unknown == []


def test_a_tag_that_is_polled_instead_is_not_taken_for_published() -> None:
    """What others of its interval publish says nothing of it, also after a restart."""
    known = coverage()
    known.begin(START)
    known.received(100, START + 1000 * MS, True, [("speed", START + 990 * MS, 0)])
    known.known.assign(["state"], POLLED)
    assert known.covered_ns("state") == START + 900 * MS
    known.received(100, START + 9000 * MS, True, [("speed", START + 8990 * MS, 0)])
    assert known.covered_ns("state") == START + 900 * MS
    state = json.loads(json.dumps(known.to_json()))
    again = Coverage.from_json("aarhus", "mill-1", GROUPS, {100: 0, 500: 0}, state)
    assert again.covered_ns("state") == START + 900 * MS
    again.polled(START + 9500 * MS, [("state", START - 5 * MS, 0)])
    assert again.covered_ns("state") == START + 9500 * MS
    again.known.assign(["state"], 100)
    assert again.covered_ns("state") == START + 9500 * MS


def test_a_tag_that_came_back_later_shortens_no_gap_declared_before() -> None:
    """Historians know a gap by its tag, start and cause."""
    agent = coverage()
    agent.begin(START)
    agent.received(100, START + 1_000 * MS, True, [(tag, START, 0) for tag in ("speed", "state")])
    agent.received(500, START + 1_000 * MS, True, [("power", START, 0)])
    agent.lost(TAGS, Cause.CONNECTION_LOST)
    came = [("speed", START + 60_000 * MS, 0), ("power", START, 0)]
    assert agent.received(100, None, False, came) == []
    (first,) = agent.settle()
    assert (first.tag, first.end_ns) == (None, START + 60_000 * MS)
    agent.lost(TAGS, Cause.CONNECTION_LOST)
    again = [*came, ("state", START + 2_000 * MS, 0)]
    (second,) = agent.received(100, None, False, again)
    assert second.end_ns == START + 2_000 * MS
    assert second.start_ns < first.start_ns, "the first one stays"
