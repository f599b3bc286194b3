"""What the scheduler's how-to guides show can be typed in as it stands."""

import re
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
GUIDES = ("explain-a-plan", "ask-what-if", "weigh-the-risk-of-a-plan")
EXAMPLES = [
    pytest.param(code, id=f"{guide}-{number}")
    for guide in GUIDES
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", (HOW_TO / f"{guide}.md").read_text("utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(code: str) -> None:
    exec(compile(code, "example", "exec"), {"__name__": "example"})  # noqa: S102 - our own text


def test_the_examples_were_found() -> None:
    assert len(EXAMPLES) == len(GUIDES)
