"""Jobs: what a machine makes, one after another."""

from dataclasses import dataclass
from random import Random

from pilotline_plant import PackMLState
from pilotline_simulators.operation import Operation


@dataclass(frozen=True, slots=True)
class Pace:
    """How a kind of machine works through a job.

    Attributes:
        unit_s: usual time to make one unit.
        least: fewest units in a job.
        most: most units in a job.
    """

    unit_s: float
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Job:
    """What a machine makes.

    Attributes:
        id: what a tag of role ``job`` carries.
        quantity: units to make.
        unit_s: time to make one.
        recipe: how it differs from the usual job, -1 to 1.
    """

    id: str
    quantity: int
    unit_s: float
    recipe: float


class JobSource:
    """Hands a machine its jobs and counts the units it makes.

    Args:
        machine: machine id, the beginning of every job id.
        pace: how the kind of machine works.
        random: source of randomness.
    """

    def __init__(self, machine: str, pace: Pace, random: Random) -> None:
        self._machine = machine
        self._pace = pace
        self._random = random
        self._number = random.randrange(100, 900)
        self._job: Job | None = None
        self._made_of_job = 0
        self._elapsed_s = 0.0
        self._made = random.randrange(0, 5000)

    def step(self, operation: Operation) -> bool:
        """Work on the present job; return whether its last unit is made.

        The next job is in the machine from Starting on; a machine that is stopped or aborted gives
        its job up.
        """
        if operation.state is PackMLState.STARTING and self._job is None:
            self._job = self._draw()
        elif self._job is not None and operation.state in _WITHOUT_JOB:
            self._job = None
        done = self._work(operation.dt_s) if operation.producing else False
        self._tell(operation)
        return done

    def _work(self, dt_s: float) -> bool:
        if self._job is None:
            return True
        self._elapsed_s += dt_s
        while self._elapsed_s >= self._job.unit_s and self._made_of_job < self._job.quantity:
            self._elapsed_s -= self._job.unit_s
            self._made_of_job += 1
            self._made += 1
        return self._made_of_job >= self._job.quantity

    def _draw(self) -> Job:
        self._number += 1
        self._made_of_job = 0
        self._elapsed_s = 0.0
        return Job(
            id=f"{self._machine}-{self._number:04d}",
            quantity=self._random.randint(self._pace.least, self._pace.most),
            unit_s=self._pace.unit_s * self._random.uniform(0.85, 1.2),
            recipe=self._random.uniform(-1.0, 1.0),
        )

    def _tell(self, operation: Operation) -> None:
        operation.units = self._made
        job = self._job
        if job is None:
            operation.job, operation.batch, operation.phase = "", 0.0, 0.0
            return
        operation.job, operation.recipe = job.id, job.recipe
        operation.phase = min(self._elapsed_s / job.unit_s, 1.0)
        operation.batch = min((self._made_of_job + operation.phase) / job.quantity, 1.0)


_WITHOUT_JOB = frozenset(
    {PackMLState.IDLE, PackMLState.STOPPED, PackMLState.ABORTED, PackMLState.RESETTING}
)
