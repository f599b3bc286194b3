"""Plant: everything a plant file says, immutable and cross-checked."""

from dataclasses import dataclass
from functools import cached_property

from pilotline_plant.calendar import Calendar
from pilotline_plant.client import Client, Wall
from pilotline_plant.machine import Machine
from pilotline_plant.pool import Pool
from pilotline_plant.procedure import Procedure
from pilotline_plant.setup import ChangeoverMatrix
from pilotline_plant.site import Site


@dataclass(frozen=True)
class Plant:
    """Everything a plant file says.

    Every id that one part names of another exists: `pilotline_plant.reading.read_plant` makes sure.
    """

    name: str
    sites: tuple[Site, ...]
    calendars: tuple[Calendar, ...]
    changeovers: tuple[ChangeoverMatrix, ...]
    pools: tuple[Pool, ...]
    machines: tuple[Machine, ...]
    clients: tuple[Client, ...]
    walls: tuple[Wall, ...]
    procedures: tuple[Procedure, ...]

    @cached_property
    def site_by_id(self) -> dict[str, Site]:
        """Sites by id."""
        return {site.id: site for site in self.sites}

    @cached_property
    def calendar_by_id(self) -> dict[str, Calendar]:
        """Calendars by id."""
        return {calendar.id: calendar for calendar in self.calendars}

    @cached_property
    def changeover_by_id(self) -> dict[str, ChangeoverMatrix]:
        """Changeover matrices by id."""
        return {matrix.id: matrix for matrix in self.changeovers}

    @cached_property
    def machine_by_id(self) -> dict[str, Machine]:
        """Machines by id."""
        return {machine.id: machine for machine in self.machines}

    @cached_property
    def client_by_id(self) -> dict[str, Client]:
        """Clients by id."""
        return {client.id: client for client in self.clients}

    @cached_property
    def procedure_by_id(self) -> dict[str, Procedure]:
        """Procedures by id."""
        return {procedure.id: procedure for procedure in self.procedures}

    @cached_property
    def pool_by_id(self) -> dict[str, Pool]:
        """Pools by id."""
        return {pool.id: pool for pool in self.pools}

    def setup_states(self, machine: Machine) -> tuple[str, ...]:
        """Return the setup states a machine can be in; none without a changeover."""
        if machine.changeover is None:
            return ()
        return self.changeover_by_id[machine.changeover].states

    def machines_able(self, capability: str, setup_state: str | None = None) -> tuple[Machine, ...]:
        """Return the machines that have a capability, in plant order.

        Args:
            capability: what a step asks for.
            setup_state: only machines that can be in this state, or None for any.
        """
        return tuple(
            machine
            for machine in self.machines
            if any(own.id == capability for own in machine.capabilities)
            and (setup_state is None or setup_state in self.setup_states(machine))
        )
