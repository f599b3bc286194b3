"""Every cause of a gap, and nothing else, has words in every language of the pages."""

import re
from pathlib import Path

import pytest

from pilotline_edge.cause import Cause

CATALOGUES = Path(__file__).parents[2] / "api" / "web" / "src" / "lib" / "i18n"
LANGUAGES = sorted(path.parent.name for path in CATALOGUES.glob("*/operator.ts"))


def test_the_catalogues_are_where_this_test_looks() -> None:
    assert {"da", "en"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_operator_reads_why_values_are_missing_in_words(language: str) -> None:
    text = (CATALOGUES / language / "operator.ts").read_text("utf-8")
    worded = dict(re.findall(r"'cause\.([\w-]+)': '(.+)',", text))
    assert set(worded) == set(Cause)
