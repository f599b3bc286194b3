"""Line protocol carries any name, value and time, whatever characters are in them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotline_historian import Gap, Sample, Series, Value
from pilotline_historian.influxdb.line_protocol import (
    HalfWritten,
    LineEncoder,
    decode_name,
    encode_name,
    gap_line,
    stored_value,
)
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS, sample_fault
from tests.historian.line_protocol import BadLineError, Point, parse_line, split_lines
from tests.historian.samples import MILL, same

_names = st.text(min_size=1, max_size=20)
_times = st.integers(FIRST_TIME_NS, LAST_TIME_NS)
_values = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.text(max_size=60)
)


def _value(point: Point) -> Value | None:
    fields = [
        point.fields.get(name) for name in ("value_float", "value_int", "value_bool", "value_text")
    ]
    return stored_value(str(point.fields["kind"]), *fields)  # type: ignore[arg-type]


@given(
    series=st.builds(Series, _names, _names, _names),
    time_ns=_times,
    value=_values,
    status=st.integers(0, 2**32 - 1),
    server_time_ns=st.one_of(st.none(), _times),
)
def test_any_sample_is_one_line_that_holds_all_of_it(
    series: Series, time_ns: int, value: Value | None, status: int, server_time_ns: int | None
) -> None:
    (line,) = split_lines(
        LineEncoder().line(Sample(series, time_ns, value, status, server_time_ns))
    )
    point = parse_line(line)
    assert point.measurement == "sample"
    assert Series(**{word: decode_name(name) for word, name in point.tags.items()}) == series
    assert point.time_ns == time_ns
    assert same(_value(point), value)
    assert point.fields["status"] == status
    assert point.fields.get("server_time_ns") == server_time_ns


_edges = st.integers(FIRST_TIME_NS - 5, LAST_TIME_NS + 5)
_any_samples = st.builds(
    Sample,
    st.sampled_from([MILL, Series("aarhus", "mill", "of another name")]),
    _edges,
    st.one_of(_values, st.floats(allow_nan=False, allow_infinity=False)),
    st.integers(-5, 2**32 + 5),
    st.one_of(st.none(), _edges),
)


@given(samples=st.lists(_any_samples, max_size=6))
def test_the_short_way_writes_what_the_careful_way_writes_and_only_sound_samples(
    samples: list[Sample],
) -> None:
    encoder = LineEncoder()
    unmet = list(encoder.usual_lines(samples))
    assert unmet == [None] * len(samples), "a series is checked before its first line"
    careful = [encoder.line(sample).encode(errors="replace") for sample in samples]
    for sample, short, line in zip(samples, encoder.usual_lines(samples), careful, strict=True):
        assert short in {None, line}
        assert short is None or sample_fault(sample) is None


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=6))
def test_doubles_go_the_short_way_beside_anything_else(values: list[float]) -> None:
    encoder = LineEncoder()
    samples = [Sample(MILL, 1, value, 0, 3) for value in (7, "text", None, math.nan, *values)]
    careful = [encoder.line(sample).encode() for sample in samples]
    short = list(encoder.usual_lines(samples))
    assert short[:4] == [None] * 4
    assert short[4:] == [
        line if value else None for value, line in zip(values, careful[4:], strict=True)
    ]


@given(
    gap=st.builds(
        Gap,
        site=_names,
        machine=_names,
        tag=st.one_of(st.none(), _names),
        start_ns=_times,
        end_ns=_times,
        cause=_names,
    )
)
def test_any_gap_is_one_line_that_holds_all_of_it(gap: Gap) -> None:
    (line,) = split_lines(gap_line(gap))
    point = parse_line(line)
    tags = {word: decode_name(name) for word, name in point.tags.items()}
    assert point.measurement == "gap"
    assert point.time_ns == gap.start_ns
    assert point.fields == {"end_ns": gap.end_ns}
    assert tags.pop("tag", None) == gap.tag
    assert tags == {"site": gap.site, "machine": gap.machine, "cause": gap.cause}


@given(name=_names)
def test_a_name_comes_back(name: str) -> None:
    encoded = encode_name(name)
    assert encoded.isprintable()
    assert "\\" not in encoded
    assert decode_name(encoded) == name


def test_a_plain_name_stays_readable() -> None:
    assert encode_name("Spindle speed (æ) 100 1/min") == "Spindle speed (æ) 100 1/min"
    assert encode_name("50 %\n") == "50 %25%0A"


def test_a_value_goes_to_the_field_of_its_type() -> None:
    encoder = LineEncoder()
    fields = {
        repr(value): set(parse_line(encoder.line(Sample(MILL, 0, value, 0, None))).fields)
        for value in (1, 1.0, True, "1", None, math.nan, math.inf, 2**63)
    }
    always = {"kind", "status"}
    assert fields == {
        "1": {*always, "value_int", "value_float"},
        "1.0": {*always, "value_float"},
        "True": {*always, "value_bool"},
        "'1'": {*always, "value_text"},
        "None": always,
        "nan": always,
        "inf": always,
        "9223372036854775808": {*always, "value_text", "value_float"},
    }


@pytest.mark.parametrize(
    "line",
    [
        "sample",
        "sample 5",
        "sample status=0i",
        "sample status=0i x",
        "sample status=0i 9223372036854775807",
        "sample status= 5",
        "sample status=5u 5",
        "sample status=nan 5",
        'sample text="open 5',
        "sample,tag= status=0i 5",
        "sample,tag=a\\ status=0i 5",
    ],
)
def test_the_parser_of_these_tests_is_strict(line: str) -> None:
    with pytest.raises(BadLineError):
        parse_line(line)


@pytest.mark.parametrize(
    ("kind", "number", "told"),
    [("int", 1.0, HalfWritten), ("float", None, HalfWritten), (None, 1.0, HalfWritten)],
)
def test_a_point_that_lacks_fields_is_no_value(
    kind: str | None, number: float | None, told: type[Exception]
) -> None:
    with pytest.raises(told):
        stored_value(kind, number, None, None, None)


def test_a_kind_nobody_knows_is_told() -> None:
    with pytest.raises(ValueError, match="colour"):
        stored_value("colour", 1.0, None, None, None)
