"""A browse path is read by names, with namespaces by index or by URI."""

import pytest

from pilotline_plant.browse_path import BrowseStep, browse_steps


def test_namespaces_are_indexes_or_uris() -> None:
    assert browse_steps("Plant/2:Mill 4/nsu=http://maker/mill;Speed") == (
        BrowseStep(0, "Plant"),
        BrowseStep(2, "Mill 4"),
        BrowseStep("http://maker/mill", "Speed"),
    )


@pytest.mark.parametrize("text", ["", "/", "a//b", "2:", "a/", "/a", "x:y", "nsu=urn:x;", "1:2:a"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no browse"):
        browse_steps(text)
