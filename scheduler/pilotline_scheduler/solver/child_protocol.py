"""What parent and child of a solve tell each other: lines of JSON over pipes."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from pilotline_scheduler.plan import Answer, Incumbent, Plan
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver.windows.workforce import Help

CANCEL = b"cancel\n"
"""The parent's line that asks the child to stop; the end of its lines means the same."""


@dataclass(frozen=True, slots=True)
class Request:
    """The first line to the child.

    Attributes:
        problem: what is to be planned, validated.
        started: monotonic seconds of the parent at which the solve began.
        time_limit_s: seconds from then.
        workers: threads, or None for one per core.
        seed: seeds every random choice.
        memory_limit_mb: cap of the child's address space, or None.
        helpers: who decides windows besides, or None.
    """

    problem: Problem
    started: float
    time_limit_s: float
    workers: int | None
    seed: int
    memory_limit_mb: int | None
    helpers: Help | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A line from the child: an incumbent with its plan, the answer, or a failure in words.

    The answer comes without its plan, which is that of the last incumbent.
    """

    incumbent: Incumbent | None = None
    plan: Plan | None = None
    answer: Answer | None = None
    failure: str | None = None


_REQUEST = TypeAdapter(Request)
_REPORT = TypeAdapter(Report)


def request_line(request: Request) -> bytes:
    """Return a request as a line."""
    return _REQUEST.dump_json(request) + b"\n"


def read_request(line: bytes) -> Request:
    """Return the request in a line."""
    return _REQUEST.validate_json(line)


def report_line(report: Report) -> bytes:
    """Return a report as a line."""
    return _REPORT.dump_json(report) + b"\n"


def read_report(line: bytes) -> Report:
    """Return the report in a line."""
    return _REPORT.validate_json(line)
