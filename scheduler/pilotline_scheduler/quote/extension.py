"""New runs beside a plan, without compiling the plan again."""

from dataclasses import replace

from pilotline_scheduler.solver.instance import Instance, LagData, RunData
from pilotline_scheduler.solver.seed.timeline import Timeline


def extended(base: Instance, new: Instance) -> Instance:
    """Return an instance with the operations of `base`, then those of `new`.

    Both must come from problems with the same resources and walls.
    """
    offset, runs = len(base.names), len(base.runs)

    def shifted(lags: tuple[tuple[LagData, ...], ...]) -> tuple[tuple[LagData, ...], ...]:
        return tuple(
            tuple(LagData(lag.other + offset, lag.minimum, lag.maximum) for lag in each)
            for each in lags
        )

    return replace(
        base,
        names=base.names + new.names,
        run_of=base.run_of + tuple(run + runs for run in new.run_of),
        modes=base.modes + new.modes,
        successors=base.successors + shifted(new.successors),
        predecessors=base.predecessors + shifted(new.predecessors),
        runs=base.runs
        + tuple(
            RunData(tuple(each + offset for each in run.operations), run.due, run.weight)
            for run in new.runs
        ),
        fixed=base.fixed + new.fixed,
        setup_floor=base.setup_floor + new.setup_floor,
        earliest=base.earliest + new.earliest,
        latest=base.latest + new.latest,
        horizon=max(base.horizon, new.horizon),
        previous=base.previous + new.previous,
    )


def beside(timeline: Timeline, new: Instance) -> Timeline:
    """Return a copy of a timeline with room for the operations of a new instance."""
    twin = timeline.twin()
    twin.instance = extended(timeline.instance, new)
    count = len(new.names)
    twin.mode += [-1] * count
    for column in (twin.setup_start, twin.setup_ticks, twin.start, twin.end):
        column.extend([0] * count)
    twin.ahead += [False] * count
    return twin
