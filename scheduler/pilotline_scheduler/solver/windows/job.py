"""A window as a job: what goes out to a worker elsewhere, and what comes back."""

import hashlib
import pickle
import zlib
from dataclasses import dataclass, replace

from pilotline_scheduler.solver.cp_model.effort import Effort
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.instance import Instance
from pilotline_scheduler.solver.windows.merge import Change


@dataclass(frozen=True, slots=True)
class Parcel:
    """A compiled problem as bytes, and the digest by which workers keep it.

    It comes without what only names things: runs, pins and the published plan.
    """

    digest: str
    content: bytes

    @classmethod
    def of(cls, instance: Instance) -> "Parcel":
        """Return the parcel of an instance."""
        nameless = replace(instance.problem, runs=(), pins=(), previous=())
        content = zlib.compress(pickle.dumps(replace(instance, problem=nameless)), 1)
        return cls(hashlib.blake2b(content, digest_size=16).hexdigest(), content)

    def instance(self) -> Instance:
        """Return the instance; a parcel comes from one's own scheduler, never from outside."""
        found = pickle.loads(zlib.decompress(self.content))  # noqa: S301 - as said
        if not isinstance(found, Instance):
            message = f"parcel {self.digest} holds no compiled problem but a {type(found)}"
            raise TypeError(message)
        return found


@dataclass(frozen=True, slots=True)
class WindowJob:
    """One window; whoever gets it needs nothing else, if it keeps the instance already.

    Attributes:
        digest: names the instance.
        parcel: the instance, for a worker that said it has not got it; else None.
        scope: what may change, with the current plan.
        level: the level to minimise.
        effort: how hard to try; its seconds count from when the worker begins.
        seed: seeds CP-SAT.
    """

    digest: str
    parcel: Parcel | None
    scope: Scope
    level: int
    effort: Effort
    seed: int


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What a worker made of a job.

    Attributes:
        known: whether the worker had the instance; if not, the rest says nothing.
        changes: operations that differ from the plan in the job; none where none better was found.
        complete: whether nothing better exists within the scope.
        infeasible: whether there is no plan within the scope.
        took_s: seconds of work.
    """

    known: bool
    changes: tuple[Change, ...] = ()
    complete: bool = False
    infeasible: bool = False
    took_s: float = 0.0
