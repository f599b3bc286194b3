"""The parts of one machine's line, and what each is told."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pilotline.up.command import pilotline_command
from pilotline.up.data_directory import DataDirectory
from pilotline.up.part import Part


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person who called `pilotline up` asked for.

    Attributes:
        plant: plant file.
        data: data directory.
        host: address the pages are served on.
        port: port the pages are served on.
        historian: historian URL, or None for the embedded one.
        simulators: whether to simulate the plant's machines.
        seed: seed of the simulators.
        ledger: file for the simulators' ledger, or None.
        replays: ``MACHINE=FILE`` words for the simulators.
        solve_s: how long the first plan may be improved.
    """

    plant: Path
    data: DataDirectory
    host: str
    port: int
    historian: str | None
    simulators: bool
    seed: int
    ledger: Path | None
    replays: Sequence[str]
    solve_s: int
    edge_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://{self.host}:{self.port}"

    @property
    def historian_url(self) -> str:
        """The historian in use."""
        return self.historian or self.data.historian_url

    def environment(self) -> dict[str, str]:
        """Return the variables every part gets; secrets travel here and in no argument list."""
        return {**os.environ, "PILOTLINE_EDGE_TOKEN": self.edge_token}

    def api_arguments(self) -> list[str]:
        """Return the words that every `pilotline api` command shares."""
        return [
            *("--plant", str(self.plant)),
            *("--data", str(self.data.root)),
            *("--historian", self.historian_url),
        ]


def field_parts(wishes: Wishes) -> list[Part]:
    """Return what reads machines: the simulators, if any, and the edge."""
    return [*([_simulators(wishes)] if wishes.simulators else []), _edge(wishes)]


def office_parts(wishes: Wishes) -> list[Part]:
    """Return what serves people: the API and the worker."""
    return [_api(wishes), _worker(wishes)]


def _part(wishes: Wishes, name: str, arguments: Sequence[str]) -> Part:
    log = wishes.data.logs / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    return Part(name, pilotline_command(arguments), wishes.environment(), log)


def _simulators(wishes: Wishes) -> Part:
    arguments = [
        *("simulate", str(wishes.plant), "--seed", str(wishes.seed)),
        *("--certificates", str(wishes.data.certificates)),
    ]
    if wishes.ledger is not None:
        arguments += ["--ledger", str(wishes.ledger)]
    for replay in wishes.replays:
        arguments += ["--replay", replay]
    return _part(wishes, "simulators", arguments)


def _edge(wishes: Wishes) -> Part:
    arguments = [
        *("edge", "run", str(wishes.plant)),
        *("--data", str(wishes.data.edge)),
        *("--historian", wishes.historian_url),
        *("--live", wishes.url),
    ]
    if wishes.simulators:
        arguments += ["--trust", str(wishes.data.certificates)]
    return _part(wishes, "edge", arguments)


def _api(wishes: Wishes) -> Part:
    arguments = [
        *("api", "serve", *wishes.api_arguments()),
        *("--host", wishes.host, "--port", str(wishes.port)),
    ]
    return _part(wishes, "api", arguments)


def _worker(wishes: Wishes) -> Part:
    return _part(wishes, "worker", ["api", "worker", *wishes.api_arguments()])
