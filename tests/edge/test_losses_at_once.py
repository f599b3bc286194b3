"""A loss found while another is being judged waits for its own turn, and fails nothing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pilotline_edge.backfill.archive import Archive
from pilotline_edge.backfill.backfill import Backfill
from pilotline_historian import Gap
from tests.edge.test_link import START, Rig

S = 1_000_000_000


class ArchiveOfNothing(Archive):
    """A server without history that takes its time to say so; meanwhile another loss is found."""

    def __init__(self, session: Any, backfill: Backfill) -> None:  # noqa: ANN401 - a session that is asked nothing
        super().__init__(session)
        self._most_nodes = 100
        self.judging = backfill

    async def having(self, tags: Sequence[str]) -> set[str]:
        hold(self.judging, 2)
        await asyncio.sleep(0)
        return set()


def hold(backfill: Backfill, number: int) -> None:
    """Find a loss of a second."""
    losses = backfill._intake.losses
    losses.barren.clear()
    start, end = START + number * 10 * S, START + (number * 10 + 1) * S
    gap = Gap("aarhus", "mill-1", "a", start, end, "connection-lost")
    assert losses.hold(gap, {"a": (start, start, end)})


def test_a_loss_found_while_another_is_judged_is_not_asked_for_unjudged(tmp_path: Path) -> None:
    async def work() -> None:
        rig = Rig(tmp_path)
        backfill = rig.link._tags.backfill
        session: Any = rig.session
        hold(backfill, 1)
        archive = ArchiveOfNothing(session, backfill)
        await backfill._judge(archive)
        assert [loss.judged for loss in backfill._intake.losses] == [False]
        assert await backfill._ask(archive) is None
        rig.journal.close()

    asyncio.run(work())
