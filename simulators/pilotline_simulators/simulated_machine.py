"""SimulatedMachine: one machine with its server, and the faults an engineer can inject."""

from collections.abc import Sequence

import structlog

from pilotline_plant import PackMLState, Tag
from pilotline_simulators.alarms import ControllerAlarms
from pilotline_simulators.emission import BAD_SENSOR_FAILURE, Emission, Value
from pilotline_simulators.errors import UnknownTagError
from pilotline_simulators.ledger import Ledger
from pilotline_simulators.opcua.server import MachineServer
from pilotline_simulators.packml import Command
from pilotline_simulators.physics.sensor import as_type
from pilotline_simulators.program import Program

log = structlog.get_logger("pilotline.simulators")


class SimulatedMachine:
    """One simulated machine; `SimulatedPlant.machine` hands it out.

    What is injected shows at the machine's next step. PackML commands send the attendant away:
    the machine then stays where it was sent until `leave_to_attendant`.

    Args:
        program: what runs in the machine.
        server: its OPC UA server.
        ledger: where emissions are written first, or None.
    """

    def __init__(self, program: Program, server: MachineServer, ledger: Ledger | None) -> None:
        self._program = program
        self._server = server
        self._ledger = ledger
        self._tags = {tag.id: tag for tag in program.machine.tags}
        reports = program.machine.events is not None
        self._alarms = ControllerAlarms(program.machine) if reports else None
        self._frozen = False
        self._present: dict[str, Emission] = {}

    @property
    def id(self) -> str:
        """Machine id."""
        return self._program.machine.id

    @property
    def step_ns(self) -> int:
        """Simulated time between two steps."""
        return self._program.step_ns

    @property
    def skips(self) -> bool:
        """Whether overdue steps may be left out."""
        return self._program.skips

    @property
    def url(self) -> str:
        """Endpoint URL with the port that is really bound."""
        return self._server.url

    @property
    def state(self) -> PackMLState:
        """PackML state now."""
        return self._program.state

    @property
    def job(self) -> str:
        """Id of the job in the machine, empty without one."""
        return self._program.job

    def value(self, tag_id: str) -> Value:
        """Return the value a tag emitted last, None when its status is bad.

        Raises:
            UnknownTagError: the machine has no such tag.
        """
        return self._program.reporter.last(self._tag(tag_id).id)

    async def begin(self, time_ns: int) -> None:
        """Build the server and emit the first value of every tag; nobody can connect yet."""
        await self._server.prepare()
        self._program.attach(self._server.is_watched)
        await self._emit(self._program.first(time_ns))

    async def listen(self) -> None:
        """Let clients connect."""
        await self._server.listen()

    async def tick(self, time_ns: int) -> None:
        """Take one step and emit what it brings; nothing while frozen or switched off."""
        if self._frozen or not self._server.listening:
            return
        emissions = self._program.step(time_ns)
        await self._emit(emissions)
        if self._alarms is not None:
            alarms = self._alarms.step(self._program.deviations(), emissions)
            await self._server.report(alarms, time_ns)

    async def _emit(self, emissions: Sequence[Emission]) -> None:
        if not emissions:
            return
        if self._ledger is not None:
            self._ledger.record(self.id, emissions)
        self._present.update((emission.tag, emission) for emission in emissions)
        await self._server.write(emissions)

    async def tell_time(self) -> None:
        """Write the server's clock."""
        if self._server.listening:
            await self._server.tell_time()

    def has_unpublished(self) -> bool:
        """Return whether values wait for the next publishing interval of a client."""
        return self._server.has_unpublished()

    async def stop(self) -> None:
        """End the server."""
        await self._server.stop()

    def command(self, command: Command) -> None:
        """Send a PackML command, and the attendant away.

        Raises:
            CommandRefusedError: the present state does not accept it.
        """
        self._program.command(command)
        self._program.attend(on_duty=False)
        log.info("simulators.commanded", machine=self.id, command=command.value)

    def start(self) -> None:
        """Send Start: Idle → Starting."""
        self.command(Command.START)

    def complete(self) -> None:
        """Send Complete: Execute → Completing."""
        self.command(Command.COMPLETE)

    def reset(self) -> None:
        """Send Reset: Stopped or Complete → Resetting."""
        self.command(Command.RESET)

    def hold(self) -> None:
        """Send Hold: Execute → Holding."""
        self.command(Command.HOLD)

    def unhold(self) -> None:
        """Send Unhold: Held → Unholding."""
        self.command(Command.UNHOLD)

    def suspend(self) -> None:
        """Send Suspend: Execute → Suspending."""
        self.command(Command.SUSPEND)

    def unsuspend(self) -> None:
        """Send Unsuspend: Suspended → Unsuspending."""
        self.command(Command.UNSUSPEND)

    def halt(self) -> None:
        """Send Stop: any running state → Stopping."""
        self.command(Command.STOP)

    def abort(self) -> None:
        """Send Abort: any state but Aborted → Aborting."""
        self.command(Command.ABORT)

    def clear(self) -> None:
        """Send Clear: Aborted → Clearing."""
        self.command(Command.CLEAR)

    def leave_to_attendant(self) -> None:
        """Let the attendant run the machine again."""
        self._program.attend(on_duty=True)

    def freeze(self) -> None:
        """Let the machine's program hang: the server answers, but nothing changes any more."""
        self._frozen = True

    def thaw(self) -> None:
        """Let a frozen machine go on where it stopped."""
        self._frozen = False

    def set_bad(self, tag_id: str, status: int = BAD_SENSOR_FAILURE) -> None:
        """Let a tag have a status that is not good.

        Args:
            tag_id: the tag.
            status: OPC UA status code; see `pilotline_simulators.emission` for the usual ones.
        """
        self._program.reporter.spoil(self._tag(tag_id).id, status)

    def force(self, tag_id: str, value: float | bool | str) -> None:
        """Let a tag show a value whatever its sensor reads, such as ``math.nan``."""
        tag = self._tag(tag_id)
        self._program.reporter.force(tag_id, as_type(value, tag.data_type))

    def release(self, tag_id: str) -> None:
        """Let a tag show its sensor's readings again, with good status."""
        self._program.reporter.release(self._tag(tag_id).id)

    def raise_alarm(
        self, tag_id: str, *, severe: bool = False, hold_s: float | None = None
    ) -> bool:
        """Send a tag beyond an alarm limit within seconds, and back after a while.

        Args:
            tag_id: the tag.
            severe: whether it goes beyond the outermost limit rather than the inner one.
            hold_s: how long it stays beyond, drawn at random where None.

        Returns:
            False when the tag has no limits or comes from a recording.
        """
        return self._program.disturb(self._tag(tag_id).id, severe=severe, hold_s=hold_s)

    def drop_connections(self) -> int:
        """Cut every client's connection without a goodbye; return how many there were."""
        return self._server.drop_connections()

    async def switch_off(self) -> None:
        """Switch the machine's controller off: no server, and its program stands still."""
        await self._server.stop()
        log.info("simulators.switched_off", machine=self.id)

    async def switch_on(self) -> None:
        """Switch it on again at the same endpoint, with the values it had.

        Raises:
            EndpointError: the endpoint cannot be bound any more.
        """
        if self._server.listening:
            return
        await self._server.prepare()
        await self._server.write(list(self._present.values()))
        await self._server.listen()
        log.info("simulators.switched_on", machine=self.id)

    def _tag(self, tag_id: str) -> Tag:
        tag = self._tags.get(tag_id)
        if tag is None:
            raise UnknownTagError(self.id, tag_id, self._tags)
        return tag
