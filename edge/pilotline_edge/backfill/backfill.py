"""Backfill: asks one machine's server for what an outage took, beside the live values."""

import asyncio
import time
from collections.abc import Sequence

import structlog
from asyncua.ua import uaerrors

from pilotline_edge.backfill.archive import Archive, Stretch, values_each
from pilotline_edge.backfill.evidence import Recorded
from pilotline_edge.backfill.loss import Loss
from pilotline_edge.backfill.reading import Reading
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.link.intake import Intake
from pilotline_edge.link.state import MachineState
from pilotline_edge.structures import StructureTypes
from pilotline_edge.subscription.healing import Step
from pilotline_edge.subscription.items import Item
from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Gap

log = structlog.get_logger("pilotline.edge")

_LOOK_S = 1.0
_LEAST_PAUSE_S = 0.05
_MOST_VALUES_PER_S = 20_000
_MOST_FAILURES = 3


class Backfill:
    """Reads raw history for losses that wait, and ends each: healed, declared, or in part.

    Characteristics
        live first: one question at a time, a pause as long as the answer took, at most 20 000
            values a second, and none while the journal is full
        resumed: progress is kept with the values, so a lost connection or a kill goes on from there
        bounded: `Losses.HELD_S` for a loss, then what is left of it is declared; a server that
            fails three times in a row is not asked again on this connection
    """

    def __init__(
        self,
        session: MachineSession,
        intake: Intake,
        state: MachineState,
        items: Sequence[Item],
        types: StructureTypes,
    ) -> None:
        self._session = session
        self._intake = intake
        self._state = state
        self._every = items
        self._items = self._indexed()
        self._types = types
        self._archive: Archive | None = None
        self._readings: dict[tuple[int, str], Reading] = {}

    def _indexed(self) -> dict[str, Item]:
        return {item.tag.id: item for item in self._every}

    def adapt(self) -> None:
        """Ask for the tags there are now; no loss may be waiting."""
        self._items = self._indexed()
        if self._archive is not None:
            self._archive.know(item.tag for item in self._items.values())

    def expire(self) -> None:
        """Declare what waited too long, connected or not."""
        losses = self._intake.losses
        if late := losses.expired():
            self._intake.declare([gap for loss in late for gap in self._ended(loss)])

    async def run(self) -> None:
        """Heal losses on the present connection, until cancelled.

        Raises:
            OSError: the connection is lost.
            JournalFailed: what was read is not durable.
        """
        losses = self._intake.losses
        losses.barren.clear()
        self._readings.clear()
        for loss in losses:
            loss.judged = False
        archive = self._archive = Archive(self._session)
        archive.know(item.tag for item in self._items.values())
        failures = 0
        while True:
            self.expire()
            losses.arrived.clear()
            begun = time.monotonic()
            count: int | None = None
            try:
                if not self._intake.blocked:
                    await self._judge(archive)
                    count = await self._ask(archive)
                    failures = 0
            except (uaerrors.UaError, UndecodableMessage, TimeoutError) as error:
                failures += 1
                log.warning("edge.history_failed", machine=self._machine, reason=str(error))
                if failures >= _MOST_FAILURES:
                    self._give_up()
            if count is None:
                await self._rest()
            else:
                took_s = time.monotonic() - begun
                await asyncio.sleep(max(_LEAST_PAUSE_S, took_s, count / _MOST_VALUES_PER_S))

    @property
    def _machine(self) -> str:
        return self._session.machine.id

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_S):
                await self._intake.losses.arrived.wait()
        except TimeoutError:
            return

    async def _judge(self, archive: Archive) -> None:
        """Find out which tags of new losses have a history, and declare what has none."""
        losses = self._intake.losses
        for loss in losses:
            if loss.judged:
                continue
            tags = list(loss.spans)
            having = await archive.having(tags)
            losses.barren |= set(tags) - having
            loss.judged = True
            if having:
                for tag in tags:
                    if tag not in having:
                        loss.give_up(tag)
            else:
                await self._intake.declare(self._ended(loss))

    async def _ask(self, archive: Archive) -> int | None:
        """Read one page of each of some tags; None when none is due."""
        now = asyncio.get_running_loop().time()
        readings = self._due(archive, now)
        if not readings:
            return None
        stretch = _stretch(readings)
        questions = [reading.question() for reading in readings]
        answers = await archive.ask(stretch, questions)
        recorded: list[tuple[str, Recorded]] = []
        for reading, answer in zip(readings, answers, strict=True):
            reading.asked = stretch
            values = reading.take(answer, now)
            recorded += [(reading.tag, await self._selected(reading.tag, each)) for each in values]
        await self._keep(recorded, readings[0].loss)
        await archive.release(
            [
                question._replace(continuation=answer.continuation)
                for reading, question, answer in zip(readings, questions, answers, strict=True)
                if answer.continuation and reading.continuation is None
            ]
        )
        return sum(len(answer.recorded) for answer in answers)

    def _due(self, archive: Archive, now: float) -> list[Reading]:
        """Return what to read next: some tags of the oldest loss that has any.

        A loss that arrived while others were judged has its turn at the next look.
        """
        for loss in self._intake.losses:
            if not loss.judged:
                continue
            due: list[Reading] = []
            for tag in loss.spans:
                key = (id(loss), tag)
                reading = self._readings.get(key)
                if reading is None:
                    reading = self._readings[key] = Reading(loss, tag)
                if reading.due <= now and (not due or reading.goes_with(due[0])):
                    due.append(reading)
                if len(due) == archive.most_nodes:
                    break
            if due:
                return due
        return []

    async def _selected(self, tag: str, recorded: Recorded) -> Recorded:
        item = self._items[tag]
        if isinstance(recorded.value, Unsupported) or not item.whole:
            await self._types.learn(recorded.value, item.steps)
            return recorded._replace(value=item.select(recorded.value, self._types))
        return recorded

    async def _keep(self, recorded: list[tuple[str, Recorded]], loss: Loss) -> None:
        """Journal values together with how far the loss is now, and end it when nothing is open."""
        gaps: list[Gap] = []
        if not loss.spans:
            gaps = self._ended(loss)
            if not gaps:
                self._state.gaps_healed += 1
            if loss.values or not gaps:
                self._state.healed(Step.BACKFILLED.value)
            log.info(
                "edge.backfilled",
                machine=self._machine,
                cause=loss.gap.cause,
                values=loss.values,
                gaps_left=len(gaps),
            )
        self._state.backfilled += len(recorded)
        await self._intake.backfilled(recorded, gaps)

    def _give_up(self) -> None:
        """Ask this server no more on this connection; declare what waits."""
        losses = self._intake.losses
        losses.barren |= self._items.keys()
        self._intake.declare([gap for loss in losses for gap in self._ended(loss)])

    def _ended(self, loss: Loss) -> list[Gap]:
        self._readings = {
            key: reading for key, reading in self._readings.items() if reading.loss is not loss
        }
        return self._intake.losses.end(loss)


def _stretch(readings: Sequence[Reading]) -> Stretch:
    """Return what one call asks for so that all these readings go on."""
    first = readings[0]
    if first.continuation is not None and first.asked is not None:
        return first.asked
    return Stretch(
        min(reading.from_ns for reading in readings),
        max(reading.until_ns for reading in readings),
        any(reading.bounds for reading in readings),
        values_each(len(readings)),
    )
