"""Batches: how many operations a server takes in one call, said by it, known of it or learnt."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import structlog
from asyncua.ua import uaerrors

log = structlog.get_logger("pilotline.edge")

TOO_BIG = (
    uaerrors.BadTooManyOperations,
    uaerrors.BadEncodingLimitsExceeded,
    uaerrors.BadRequestTooLarge,
    uaerrors.BadResponseTooLarge,
    uaerrors.BadTcpMessageTooLarge,
)
"""What servers, and our own caps, answer to a call of too many operations."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Service(StrEnum):
    """Services that are called in batches."""

    MONITOR = "monitor"
    READ = "read"
    TRANSLATE = "translate"


@dataclass(slots=True)
class BatchSizes:
    """Operations per call of each service.

    Characteristics
        start: what the server says, or a profile knows, at most; `default` where neither does
        learning: halved whenever the server refuses a call as too large, down to one operation
        memory: a size that worked is kept over connections until the agent ends

    Attributes:
        default: size where nothing is said.
    """

    default: int
    _limits: dict[Service, int] = field(default_factory=dict)
    _learnt: dict[Service, int] = field(default_factory=dict)

    def limit(self, service: Service, most: int | None) -> None:
        """Note what the server says or a profile knows, or that neither does."""
        self._limits[service] = max(most or self.default, 1)

    def size(self, service: Service) -> int:
        """Return the operations to put into the next call."""
        limit = self._limits.get(service, self.default)
        return min(limit, self._learnt.get(service, limit))

    @property
    def sizes(self) -> dict[str, int]:
        """Operations per call as of now, by service."""
        return {service.value: self.size(service) for service in Service}

    @property
    def learnt(self) -> dict[str, int]:
        """Sizes below what the server said, by service."""
        return {service.value: size for service, size in self._learnt.items()}

    async def run(
        self,
        service: Service,
        asked: Sequence[Asked],
        ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]],
    ) -> list[Answer]:
        """Return the answers to `asked`, in order, from as many calls as it takes.

        Raises:
            asyncua.ua.UaError: a call is refused, if for its size then with one operation, or
                has another number of answers.
        """
        answers: list[Answer] = []
        while len(answers) < len(asked):
            batch = asked[len(answers) : len(answers) + self.size(service)]
            try:
                found = await ask(batch)
            except TOO_BIG as error:
                if len(batch) == 1:
                    raise
                self._learnt[service] = len(batch) // 2
                log.info(
                    "edge.batch_halved",
                    service=service.value,
                    size=self._learnt[service],
                    reason=type(error).__name__,
                )
                continue
            if found is None or len(found) != len(batch):
                raise uaerrors.UaError(
                    f"the server answered {len(found or ())} of {len(batch)} operations"
                )
            answers += found
        return answers
