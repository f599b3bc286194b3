"""Problems and plans are read strictly from JSON, and every mistake is named."""

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pilotline_scheduler.formats
from pilotline_scheduler.errors import PlanError, ProblemError
from pilotline_scheduler.formats.pilotline_json import (
    read_plan,
    read_problem,
    schemas,
    write_plan,
    write_problem,
)
from pilotline_scheduler.generator import generate
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.solver import first_plan
from tests.scheduler.cases import CASES

FORMATS = Path(pilotline_scheduler.formats.__file__).parent
REFERENCE = Path(__file__).parents[2] / "docs/reference/problem.md"
PROBLEMS = [*(case.problem for case in CASES), generate(6, 4, 1)]

SOUND: dict[str, Any] = {
    "name": "sound",
    "machines": [{"id": "M", "calendar": "hours", "changeover": "setups", "initial_setup": "a"}],
    "calendars": [{"id": "hours", "open": [{"start": 0, "end": 50}, {"start": 60, "end": 99}]}],
    "changeovers": [
        {
            "id": "setups",
            "states": ["a", "b"],
            "ticks": [[0, 2], [5, 0]],
            "cost": [[0, 1], [1, 0]],
            "pool": "people",
            "pool_units": 1,
        }
    ],
    "pools": [{"id": "people", "levels": [[0, 2], [8, 1]]}],
    "runs": [
        {
            "id": "one",
            "client": "ann",
            "operations": [
                {
                    "id": "x",
                    "modes": [
                        {"machine": "M", "ticks": 3, "demands": [["people", 1]], "batch": "hot"}
                    ],
                },
                {"id": "y", "modes": [{"machine": "M", "ticks": 2}], "setup_state": "b"},
            ],
            "lags": [{"before": "x", "after": "y", "minimum": 1, "maximum": 9}],
            "due": 20,
            "attendance": [{"start": 1, "end": 40}],
        }
    ],
    "pins": [{"operation": "x", "machine": "M", "start": 4}],
    "previous": [{"operation": "x", "machine": "M", "setup_start": 4, "start": 4, "end": 7}],
    "running": [{"operation": "y", "machine": "M", "start": 0, "end": 2}],
    "origin": "2026-01-05T00:00:00Z",
}
MODE = "/runs/0/operations/0/modes/0"
SECOND = "/runs/0/operations/1"
UNLIKE = {
    "id": "y",
    "modes": [{"machine": "M", "ticks": 2, "energy": 4, "batch": "hot"}],
    "setup_state": "b",
}
"""Unlike x of the same family in all that must be alike."""
Y_RUNS: dict[str, Any] = {"operation": "y", "machine": "M", "start": 1, "end": 3}

MISTAKES: list[tuple[str, Any, str, str]] = [
    # where to put what, then the pointer and words of the reason expected
    ("/machines/0/calendar", "day", "/machines/0/calendar", "no such calendar"),
    ("/machines/0/changeover", "none", "/machines/0/changeover", "no such changeover"),
    ("/machines/0/initial_setup", "c", "/machines/0/initial_setup", "no state of"),
    ("/machines/0/color", "red", "/machines/0/color", "Unexpected"),
    ("/machines/0/hall", 7, "/machines/0/hall", "string"),
    ("/machines/1", {"id": "M"}, "/machines/1/id", "another machine"),
    ("/calendars/0/open/0/end", 0, "/calendars/0/open/0/end", "after the start 0"),
    ("/calendars/0/open/1/start", 50, "/calendars/0/open/1/start", "after 50"),
    ("/calendars/0/open/0/start", -1, "/calendars/0/open/0/start", "from 0"),
    ("/changeovers/0/ticks", [[0, 2]], "/changeovers/0/ticks", "2 rows of 2"),
    ("/changeovers/0/cost/0/1", -5, "/changeovers/0/cost/0/1", "from 0"),
    ("/changeovers/0/states/1", "a", "/changeovers/0/states/1/id", "another state"),
    ("/changeovers/0/pool", "robots", "/changeovers/0/pool", "no such pool"),
    ("/changeovers/0/pool", None, "/changeovers/0/pool_units", "needs a pool"),
    ("/changeovers/0/pool_units", 0, "/changeovers/0/pool_units", "from 1"),
    ("/pools/0/levels/0/0", 1, "/pools/0/levels/0/0", "tick 0"),
    ("/pools/0/levels", [], "/pools/0/levels", "needs a level"),
    ("/pools/0/levels/1/0", 0, "/pools/0/levels/1/0", "after tick 0"),
    ("/pools/0/levels/1/1", -1, "/pools/0/levels/1/1", "from 0"),
    ("/runs/0/operations", [], "/runs/0/operations", "at least one operation"),
    (
        "/runs/0/operations/0/modes/0/spread",
        [3, 2, 4],
        "/runs/0/operations/0/modes/0/spread",
        "in this order",
    ),
    (
        "/runs/0/operations/0/modes/0/spread",
        [0, 2, 4],
        "/runs/0/operations/0/modes/0/spread/0",
        "from 1",
    ),
    ("/runs/0/operations/1/id", "x", "/runs/0/operations/1/id", "has this id already"),
    ("/runs/0/operations/0/modes", [], "/runs/0/operations/0/modes", "at least one mode"),
    (
        "/runs/0/operations/0/modes/0/machine",
        "N",
        "/runs/0/operations/0/modes/0/machine",
        "no such machine",
    ),
    (
        "/runs/0/operations/0/modes/1",
        {"machine": "M", "ticks": 1},
        "/runs/0/operations/0/modes/1/machine",
        "on this machine already",
    ),
    ("/runs/0/operations/0/modes/0/ticks", -3, "/runs/0/operations/0/modes/0/ticks", "from 0"),
    ("/runs/0/operations/0/modes/0/ticks", 2.5, "/runs/0/operations/0/modes/0/ticks", "integer"),
    (
        "/runs/0/operations/0/modes/0/demands/0/0",
        "robots",
        "/runs/0/operations/0/modes/0/demands/0/0",
        "no such pool",
    ),
    (
        "/runs/0/operations/0/modes/0/demands/1",
        ["people", 1],
        "/runs/0/operations/0/modes/0/demands/1/0",
        "twice",
    ),
    ("/runs/0/operations/1/setup_state", "c", "/runs/0/operations/1/setup_state", "no state of"),
    ("/runs/0/operations/1/modes/0/ticks", 0, "/runs/0/operations/1/setup_state", "no length"),
    ("/runs/0/lags/0/after", "z", "/runs/0/lags/0/after", "no such operation"),
    ("/runs/0/lags/0/after", "x", "/runs/0/lags/0/after", "wait for itself"),
    ("/runs/0/lags/0/maximum", 0, "/runs/0/lags/0/maximum", "below the minimum 1"),
    ("/runs/0/lags/1", {"before": "y", "after": "x"}, "/runs/0/lags", "in a circle"),
    ("/runs/0/release", -1, "/runs/0/release", "from 0"),
    ("/runs/0/weight", -1, "/runs/0/weight", "from 0"),
    ("/runs/0/deadline", -7, "/runs/0/deadline", "before the release 0"),
    ("/runs/0/attendance/0/end", 1, "/runs/0/attendance/0/end", "after the start 1"),
    ("/walls", [{"clients": ["ann", "ann"]}], "/walls/0/clients", "between two clients"),
    (
        "/walls",
        [{"clients": ["ann", "bob"], "halls": ["h"]}],
        "/walls/0/halls/0",
        "no machine stands",
    ),
    ("/pins/0/operation", "z", "/pins/0/operation", "no such operation"),
    ("/pins/0/machine", "N", "/pins/0/machine", "no mode on this machine"),
    ("/pins/0", {"operation": "x"}, "/pins/0", "pins nothing"),
    ("/pins/1", {"operation": "x", "start": 3}, "/pins/1/operation", "pinned already"),
    ("/runs/0/release", 5, "/pins/0/start", "before the release 5"),
    ("/previous/0/operation", "z", "/previous/0/operation", "no such operation"),
    ("/frozen_until", -1, "/frozen_until", "from 0"),
    ("/tick_s", 0, "/tick_s", "from 1"),
    ("/origin", "2026-01-05T00:00:00", "/origin", "time zone"),
    ("/objective", {"terms": []}, "/objective/terms", "at least one term"),
    (
        "/objective",
        {"terms": [{"goal": "makespan", "weight": 0}]},
        "/objective/terms/0/weight",
        "from 1",
    ),
    ("/objective", {"terms": [{"goal": "energy-cost"}]}, "/objective/terms/0/goal", "a tariff"),
    ("/objective", {"terms": [{"goal": "emissions"}]}, "/objective/terms/0/goal", "an intensity"),
    (
        "/objective",
        {"terms": [{"goal": "fairness"}, {"goal": "makespan"}]},
        "/objective/terms/0/priority",
        "alone",
    ),
    ("/tariff", [[1, 5]], "/tariff/0/0", "tick 0"),
    ("/intensity", [[0, -5]], "/intensity/0/1", "from 0"),
    ("/notice", [[0, 5], [0, 2]], "/notice/1/0", "after tick 0"),
    ("/notice", [[0, 2**21]], "/notice/0/1", "from 0"),
    ("/clients", [{"id": "ann"}, {"id": "ann"}], "/clients/1/id", "another client"),
    ("/clients", [{"id": "ann", "entitlement": 0}], "/clients/0/entitlement", "from 1"),
    (
        "/clients",
        [{"id": "ann", "entitlement": 99991}, {"id": "bob", "entitlement": 99989}],
        "/clients",
        "rounder numbers",
    ),
    ("/machines/0/places", 0, "/machines/0/places", "from 1"),
    (f"{MODE}/places", 2, f"{MODE}/places", "from 1 to 1"),
    (f"{MODE}/freed_in_pauses", ["power"], f"{MODE}/freed_in_pauses/0", "no such demand"),
    (f"{MODE}/freed_in_pauses", ["people"] * 2, f"{MODE}/freed_in_pauses/1", "twice"),
    (SECOND, UNLIKE, f"{SECOND}/modes/0/ticks", "family has 3"),
    (SECOND, UNLIKE, f"{SECOND}/modes/0/energy", "family has 0"),
    (SECOND, UNLIKE, f"{SECOND}/modes/0/batch", "state None"),
    ("/running/0/operation", "z", "/running/0/operation", "no such operation"),
    ("/running/0/operation", "x", "/running/0/operation", "remove its pin"),
    ("/running/0/machine", "N", "/running/0/machine", "no mode on this machine"),
    ("/running/0/end", 0, "/running/0/end", "after the start 0"),
    ("/running/1", Y_RUNS, "/running/1/operation", "runs twice"),
    ("/running/1", {**Y_RUNS, "operation": "x"}, "/running/1/machine", "only a batch"),
    ("/objective", {"terms": [{"goal": "speed"}]}, "/objective/terms/0/goal", "makespan"),
]


def changed(pointer: str, value: object) -> str:
    """Return the sound document with a value put at a JSON pointer."""
    document = json.loads(json.dumps(SOUND))
    *path, last = pointer.strip("/").split("/")
    place = document
    for key in path:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if isinstance(place, list):
        place[int(last) : int(last) + 1] = [value]
    else:
        place[last] = value
    return json.dumps(document)


def test_the_sound_document_is_read() -> None:
    assert read_problem(json.dumps(SOUND)).name == "sound"


@pytest.mark.parametrize(("pointer", "value", "named", "words"), MISTAKES)
def test_a_mistake_is_named_by_pointer_with_its_reason(
    pointer: str, value: object, named: str, words: str
) -> None:
    with pytest.raises(ProblemError) as refused:
        read_problem(changed(pointer, value))
    found = {mistake.pointer: mistake for mistake in refused.value.mistakes}
    assert named in found, refused.value
    assert words in found[named].reason
    assert str(refused.value).count("\n") == len(refused.value.mistakes) - 1


def test_all_mistakes_are_named_at_once_with_their_values() -> None:
    document = json.loads(changed("/machines/0/calendar", "day"))
    document["tick_s"] = 0
    with pytest.raises(ProblemError) as refused:
        read_problem(json.dumps(document))
    assert {(each.pointer, each.value) for each in refused.value.mistakes} == {
        ("/machines/0/calendar", '"day"'),
        ("/tick_s", "0"),
    }


def test_what_is_no_json_is_refused_with_its_place() -> None:
    with pytest.raises(ProblemError, match="line 1 column 2"):
        read_problem("{,")


def test_a_key_with_a_slash_is_escaped_in_its_pointer() -> None:
    with pytest.raises(PlanError, match="/a~1b~0c = 1"):
        read_plan('{"operations": [], "a/b~c": 1}')


def test_documents_come_back_as_they_were(tmp_path: Path) -> None:
    for problem in PROBLEMS:
        plan = first_plan(problem)
        assert plan is not None
        assert read_problem(write_problem(problem, tmp_path / "problem.json")) == problem
        assert read_problem(tmp_path / "problem.json") == problem
        assert read_plan(write_plan(plan, tmp_path / "plan.json")) == plan
        assert read_plan(tmp_path / "plan.json") == plan


@pytest.mark.parametrize("name", ["problem.schema.json", "plan.schema.json"])
def test_the_published_schema_is_that_of_the_reader(name: str) -> None:
    published = json.loads((FORMATS / name).read_text(encoding="utf-8"))
    assert published == schemas()[name]
    jsonschema.Draft202012Validator.check_schema(published)


def test_documents_keep_to_the_published_schemas() -> None:
    problem_schema, plan_schema = (
        jsonschema.Draft202012Validator(schemas()[name])
        for name in ("problem.schema.json", "plan.schema.json")
    )
    for problem in PROBLEMS:
        plan = first_plan(problem)
        assert plan is not None
        problem_schema.validate(json.loads(write_problem(problem)))
        plan_schema.validate(json.loads(write_plan(plan)))


def test_the_example_of_the_reference_is_a_problem_with_a_plan() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    examples = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
    assert examples
    for example in examples:
        assert first_plan(read_problem(example)) is not None


def test_problems_made_in_python_are_held_to_the_same_rules() -> None:
    problem = CASES[0].problem
    with pytest.raises(ProblemError, match="/origin"):
        validate(replace(problem, origin=datetime(2026, 1, 5)))  # noqa: DTZ001 - the mistake
