"""A machine whose server keeps history, as honest or as hostile as a test wants it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from asyncua import ua
from asyncua.server.history import HistoryDict
from asyncua.server.server import Server

from tests.edge.opcua_machine import OpcUaMachine

Answers = Callable[[ua.HistoryReadParameters], list[ua.HistoryReadResult]]


class KeptHistory(HistoryDict):
    """asyncua's history in memory, which outlives its server."""

    def __init__(self, page: int) -> None:
        super().__init__(page)

    async def new_historized_node(
        self, node_id: ua.NodeId, period: timedelta | None, count: int = 0
    ) -> None:
        if node_id not in self._datachanges:
            await super().new_historized_node(node_id, period, count)

    def times(self, tag: str) -> list[datetime]:
        """Return the source times of what is kept of a tag."""
        (kept,) = (held for node, held in self._datachanges.items() if node.Identifier == tag)
        return [value.SourceTimestamp for value in kept if value.SourceTimestamp is not None]

    def forget(self, tag: str, from_share: float, to_share: float) -> None:
        """Lose a part of what is kept of a tag."""
        (kept,) = (held for node, held in self._datachanges.items() if node.Identifier == tag)
        del kept[int(len(kept) * from_share) : int(len(kept) * to_share)]


@dataclass
class HistoryMachine(OpcUaMachine):
    """An asyncua server that keeps every value of its variables.

    Attributes:
        history: what it keeps, over restarts.
        without: tags that have no history.
        answers: answers instead of its own, or None.
        asked: history questions so far.
    """

    history: KeptHistory = field(default_factory=lambda: KeptHistory(10_000))
    without: tuple[str, ...] = ()
    answers: Answers | None = None
    asked: int = 0

    async def start(self) -> None:
        self.prepare = self._keep_history
        await super().start()

    async def _keep_history(self, server: Server) -> None:
        manager = server.iserver.history_manager
        manager.set_storage(self.history)
        honest = manager.read_history

        async def read(params: ua.HistoryReadParameters) -> list[ua.HistoryReadResult]:
            self.asked += 1
            return await honest(params) if self.answers is None else self.answers(params)

        manager.read_history = read  # type: ignore[method-assign]

    async def add(self, tag: str, server: Server | None = None, index: int = 2) -> None:
        await super().add(tag, server, index)
        server = server or self._server
        assert server is not None
        if tag not in self.without:
            name: Any = tag
            node = server.get_node(ua.NodeId(name, ua.Int16(index)))
            await server.historize_node_data_change(node)
