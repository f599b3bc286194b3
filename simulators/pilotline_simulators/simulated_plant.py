"""SimulatedPlant: simulated machines of a plant, each an OPC UA server."""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import structlog

from pilotline_plant import Machine, Plant
from pilotline_simulators.clock import SimulatedClock, present_ns
from pilotline_simulators.conductor import Conductor, staggered
from pilotline_simulators.errors import UnknownMachineError
from pilotline_simulators.ledger import Ledger
from pilotline_simulators.model import MachineModel
from pilotline_simulators.opcua.certificates import Certificate, own_certificate
from pilotline_simulators.opcua.server import MachineServer
from pilotline_simulators.opcua.standard_nodes import standard_nodes
from pilotline_simulators.program import SECOND_NS, Program
from pilotline_simulators.replay import Replay, ReplayedMachine
from pilotline_simulators.simulated_machine import SimulatedMachine

_LAST_PUBLISH_S = 0.8
_LOOK_S = 0.02

log = structlog.get_logger("pilotline.simulators")


class SimulatedPlant:
    """Simulated machines, each an OPC UA server; an async context manager.

    ::

        async with SimulatedPlant(plant, machines=["oven-1"]) as simulated:
            simulated.machine("oven-1").abort()

    Args:
        plant: the plant.
        seed: the same seed gives the same machines, jobs, mishaps and values.
        machines: ids of the machines to simulate; all where None.
        speed: simulated seconds in a real second; None lets time stand still but for `advance`.
        ledger: file that every sample is written to before it is emitted.
        certificates: where the certificates of secured machines are kept; made for this run where
            None.
        replays: recordings to replay, by machine id.
        any_port: take free ports instead of the plant's; `url` of a machine tells which.
        warm: begin in the midst of a day instead of with every machine stopped and cold.
        incidents: let mishaps and alarms happen by themselves.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        seed: int = 1,
        machines: Iterable[str] | None = None,
        speed: float | None = 1.0,
        ledger: Path | None = None,
        certificates: Path | None = None,
        replays: Mapping[str, Replay] | None = None,
        any_port: bool = False,
        warm: bool = True,
        incidents: bool = True,
    ) -> None:
        self._chosen = _choose(plant, machines, any_port=any_port)
        self._plant = plant
        self._seed = seed
        self._speed = speed
        self._ledger_path = ledger
        self._certificates = certificates
        self._replays = dict(replays or {})
        for machine in self._replays:
            if machine not in self._chosen:
                raise UnknownMachineError(machine, self._chosen)
        self._warm = warm
        self._incidents = incidents
        self._machines: dict[str, SimulatedMachine] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._conductor: Conductor | None = None
        self._start_ns = 0
        self._advanced_ns = 0
        self._told: set[Exception] = set()
        self._untold: list[Exception] = []
        self._closing = contextlib.ExitStack()

    @property
    def plant(self) -> Plant:
        """The plant with the simulated machines only, at the endpoints that are really bound."""
        machines = tuple(
            dataclasses.replace(
                machine,
                endpoint=dataclasses.replace(
                    machine.endpoint, url=self.machine(machine.id).url, also=()
                ),
            )
            for machine in self._chosen.values()
        )
        return dataclasses.replace(self._plant, machines=machines)

    @property
    def machines(self) -> tuple[SimulatedMachine, ...]:
        """The simulated machines in plant order."""
        return tuple(self._machines.values())

    def machine(self, machine_id: str) -> SimulatedMachine:
        """Return a simulated machine.

        Raises:
            UnknownMachineError: there is none of this id.
        """
        if machine_id not in self._machines:
            raise UnknownMachineError(machine_id, self._machines)
        return self._machines[machine_id]

    async def __aenter__(self) -> Self:
        """Start; see `start`."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; see `stop`.

        Raises:
            SimulatorError: a machine failed meanwhile and nobody was told; not over another error.
        """
        await self.stop()
        if error is None and self._untold:
            raise self._untold.pop()

    async def start(self) -> None:
        """Start every machine; all can be connected to when this returns.

        Raises:
            RecordingError: a recording cannot be replayed.
            EndpointError: an endpoint cannot be served; no machine is left running.
            LedgerError: the ledger cannot be opened.
        """
        programs = [self._program(machine) for machine in self._chosen.values()]
        try:
            await self._start(programs)
        except BaseException:
            await self.stop()
            raise

    def _program(self, machine: Machine) -> Program:
        replay = self._replays.get(machine.id)
        if replay is not None:
            return ReplayedMachine(machine, replay)
        model = MachineModel(machine, self._seed, incidents=self._incidents)
        if self._warm:
            model.warm_up()
        return model

    async def _start(self, programs: list[Program]) -> None:
        servers = [
            MachineServer(program.machine, self._certificate(program.machine))
            for program in programs
        ]
        for server in servers:
            server.check_port()
        ledger = self._open_ledger()
        await asyncio.to_thread(standard_nodes)
        self._start_ns = self._advanced_ns = present_ns()
        started_s = time.monotonic()
        origins = [
            staggered(self._start_ns, number, program.step_ns)
            for number, program in enumerate(programs)
        ]
        for program, server, origin in zip(programs, servers, origins, strict=True):
            machine = SimulatedMachine(program, server, ledger)
            self._machines[machine.id] = machine
            await machine.begin(origin)
        for machine in self._machines.values():
            await machine.listen()
        self._conductor = Conductor(self.machines, origins)
        self._set_going(self._conductor, started_s)
        log.info(
            "simulators.ready",
            machines=len(self._machines),
            tags=sum(len(machine.tags) for machine in self._chosen.values()),
            seed=self._seed,
            speed=self._speed,
        )

    def _set_going(self, conductor: Conductor, started_s: float) -> None:
        self._tasks.append(asyncio.create_task(self._tell_time(), name="simulators.clock"))
        if self._speed is not None:
            clock = SimulatedClock(self._speed, self._start_ns, started_s)
            self._tasks.append(
                asyncio.create_task(conductor.run(clock), name="simulators.conductor")
            )

    def _certificate(self, machine: Machine) -> Certificate | None:
        if machine.endpoint.security == "None":
            return None
        if self._certificates is None:
            self._certificates = Path(
                self._closing.enter_context(TemporaryDirectory(prefix="pilotline-certificates-"))
            )
        host = urlsplit(machine.endpoint.url).hostname or ""
        return own_certificate(self._certificates, machine.id, host)

    def _open_ledger(self) -> Ledger | None:
        if self._ledger_path is None:
            return None
        ledger = Ledger(self._ledger_path)
        self._closing.callback(ledger.close)
        return ledger

    async def _tell_time(self) -> None:
        while True:
            for machine in self._machines.values():
                await machine.tell_time()
                await asyncio.sleep(0)
            await asyncio.sleep(1.0)

    async def advance(self, seconds: float) -> None:
        """Let simulated time pass at once; for a plant whose `speed` is None.

        Subscribed clients get the values at their publishing interval, so their queues must hold
        `seconds` of samples.

        Raises:
            RuntimeError: the plant's time passes by itself, or it is not started.
        """
        if self._speed is not None or self._conductor is None:
            raise RuntimeError("only a started plant with speed=None can be advanced by hand")
        self._advanced_ns += int(seconds * SECOND_NS)
        await self._conductor.advance(self._advanced_ns)

    async def wait(self) -> None:
        """Wait for as long as the machines run, which is until one of them fails.

        Raises:
            SimulatorError: what made it fail.
        """
        try:
            await asyncio.gather(*self._tasks)
        except Exception as failure:
            self._told.add(failure)
            raise

    async def stop(self) -> None:
        """Publish the last values and stop every machine; no task, socket or file is left."""
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._untold = [end for end in ends if isinstance(end, Exception) and end not in self._told]
        for failure in self._untold:
            log.error("simulators.failed", error=str(failure))
        await self._publish_the_last()
        await asyncio.gather(*(machine.stop() for machine in self._machines.values()))
        self._closing.close()

    async def _publish_the_last(self) -> None:
        """Let clients' publishing intervals pass: what the ledger holds should reach them."""
        for _ in range(round(_LAST_PUBLISH_S / _LOOK_S)):
            if not any(machine.has_unpublished() for machine in self._machines.values()):
                return
            await asyncio.sleep(_LOOK_S)


def _choose(plant: Plant, machines: Iterable[str] | None, *, any_port: bool) -> dict[str, Machine]:
    chosen = dict(plant.machine_by_id)
    if machines is not None:
        wanted = list(machines)
        for machine in wanted:
            if machine not in chosen:
                raise UnknownMachineError(machine, chosen)
        chosen = {machine.id: machine for machine in plant.machines if machine.id in wanted}
    return {key: _on_any_port(each) for key, each in chosen.items()} if any_port else chosen


def _on_any_port(machine: Machine) -> Machine:
    url = urlsplit(machine.endpoint.url)
    host = url.hostname or "127.0.0.1"
    endpoint = dataclasses.replace(machine.endpoint, url=url._replace(netloc=f"{host}:0").geturl())
    return dataclasses.replace(machine, endpoint=endpoint)
