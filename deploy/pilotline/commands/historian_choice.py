"""The series that the historian's commands work on."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from pilotline.commands.historian_access import fail

if TYPE_CHECKING:
    from pilotline_historian import Historian, Series

Site = Annotated[str | None, typer.Option(help="Site, where several have such a machine.")]
Machines = Annotated[list[str] | None, typer.Option("--machine", help="Only this; repeatable.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only this tag; repeatable.")]


def chosen_series(
    store: "Historian",
    site: str | None,
    machines: Collection[str] | None,
    tags: Collection[str] | None,
) -> "list[Series]":
    """Return the series that fit; none at all ends the command."""
    chosen = [
        series
        for series in store.series()
        if (not machines or series.machine in machines)
        and (not tags or series.tag in tags)
        and site in (None, series.site)
    ]
    if not chosen:
        asked = {"site": [site] if site else [], "machine": machines, "tag": tags}
        words = ", ".join(f"{word} {' or '.join(each)}" for word, each in asked.items() if each)
        known = _known(store, machines)
        fail(f"no samples of {words}; {known}" if words else "the historian holds no samples yet")
    return chosen


def check_machine(store: "Historian", machine: str | None) -> None:
    """End the command when nothing is known of a machine: it has no gap only since it is not there.

    Args:
        store: the historian.
        machine: its id, or None for all.
    """
    if machine is not None and all(series.machine != machine for series in store.series()):
        fail(f"nothing is known of machine {machine}; {_known(store, ())}")


def _known(store: "Historian", machines: Collection[str] | None) -> str:
    """Return what there is to choose from: tags of the machines named, else machines."""
    series = store.series()
    tags = sorted({each.tag for each in series if each.machine in (machines or ())})
    if tags:
        return f"tags: {', '.join(tags)}"
    known = sorted({each.machine for each in series})
    return f"machines: {', '.join(known)}" if known else "there are none at all yet"


def one_series(store: "Historian", site: str | None, machine: str, tag: str) -> "Series":
    """Return the series of a machine's tag; what is missing or ambiguous ends the command."""
    known = store.series()
    fitting = [
        series
        for series in known
        if (series.machine, series.tag) == (machine, tag) and site in (None, series.site)
    ]
    if len(fitting) > 1:
        sites = ", ".join(series.site for series in fitting)
        fail(f"several sites have a {machine} with tag {tag}; choose one by --site: {sites}")
    if not fitting:
        tags = sorted({series.tag for series in known if series.machine == machine})
        machines = sorted({series.machine for series in known})
        hint = f"its tags: {', '.join(tags)}" if tags else f"machines: {', '.join(machines)}"
        fail(f"no samples of machine {machine}, tag {tag}; {hint if known else 'none at all yet'}")
    return fitting[0]
