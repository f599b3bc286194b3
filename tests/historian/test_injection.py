"""Names of sites, machines, tags and notes are data, on a real server too: none becomes a query."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotline_historian import Annotation, Event, Gap, Historian, Sample, Series, open_historian
from tests.historian.influxd import Influxd

AT = 1_772_450_000_000_000_000
INJECTIONS = (
    "' OR 'a' = 'a",
    "'; DROP DATABASE pilot; --",
    '"',
    "\\",
    "\\'",
    "\\\\' OR time > 0 --",
    "a,tag=b",
    "a b=1i 5",
    "a\nsample,site=x value=1",
    "%27",
    "${x}",
    "/.*/",
    "=~",
    "*",
    "\x00",
    "\u202e",
    "'\r\n'",
)
NUMBERS = count()
NAMES = st.sampled_from(INJECTIONS) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12
)


def stored(historian: Historian, names: tuple[str, str, str], text: str) -> Iterator[bool]:
    """Store something of each kind and yield whether exactly that is found by its names."""
    site, machine, tag = names
    series, other = Series(site, machine, tag), Series("other", f"other{machine}", f"other{tag}")
    sample = Sample(series, AT, text, 0, None)
    assert historian.write([sample, Sample(other, AT, 1.0, 0, None)]).rejected == ()
    yield list(historian.raw(series, AT, AT + 1)) == [sample]
    yield historian.last([series]) == {series: sample}
    gap = Gap(site, machine, tag, AT, AT + 5, text or "none")
    historian.write_gaps([gap])
    yield gap in historian.gaps(machine, AT, AT + 1)
    yield {each.machine for each in historian.gaps(machine, AT, AT + 1)} == {machine}
    event = Event(site, machine, text or "id", AT, None, tag, text, 5, text, None)
    historian.write_events([event])
    yield event in list(historian.events(machine, AT, AT + 1))
    yield {each.machine for each in historian.events(machine, AT, AT + 1)} == {machine}
    note_id = f"{text}{next(NUMBERS)}"
    note = Annotation(note_id, site, machine, tag, AT, AT + 5, text or "x", text or "x", AT)
    historian.annotate(note)
    yield note in historian.annotations(machine, AT, AT + 1)
    yield {each.machine for each in historian.annotations(machine, AT, AT + 1)} == {machine}


def examine(historian: Historian) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.tuples(NAMES, NAMES, NAMES), NAMES)
    def holds(names: tuple[str, str, str], text: str) -> None:
        assert all(stored(historian, names, text))

    for each in INJECTIONS:
        assert all(stored(historian, (each, each, each), each)), ascii(each)
    holds()


def test_no_name_or_text_is_taken_for_a_part_of_a_query_or_a_line(influxd: Influxd) -> None:
    with closing(open_historian(influxd.fresh_url())) as historian:
        examine(historian)


def test_nor_by_the_embedded_store(embedded: Historian) -> None:
    examine(embedded)
