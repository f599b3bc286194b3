"""What the how-to guides show can be typed in as it stands."""

import re
from pathlib import Path

import pytest

from pilotline_simulators.kinds import KINDS

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
EXAMPLES = [
    pytest.param(code, id=f"{guide}-{number}")
    for guide in ("simulate", "replay")
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", (HOW_TO / f"{guide}.md").read_text("utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(code: str) -> None:
    exec(compile(code, "example", "exec"), {"__name__": "example"})  # noqa: S102 - our own text


def test_every_kind_with_a_model_is_told() -> None:
    text = (HOW_TO / "simulate.md").read_text("utf-8")
    assert not [kind for kind in KINDS if f"`{kind}`" not in text]


def test_the_examples_were_found() -> None:
    assert len(EXAMPLES) == 3
