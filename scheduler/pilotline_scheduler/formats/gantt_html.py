"""Draws a plan as a page to look around in: one file, no outside assets, nothing to install."""

import json
from importlib.resources import files
from typing import Any

from pilotline_scheduler.formats.gantt_svg import client_hues
from pilotline_scheduler.formats.lanes import lanes
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem

_DATA = '"the plan"'
"""Where the page takes its data."""


def gantt_html(problem: Problem, plan: Plan) -> str:
    """Return the page: rows of machines, clients by colour, closed hours, setups, what is late.

    It can be zoomed, moved and searched by client, by mouse, finger or keyboard, and is light or
    dark as the reader's screen is.
    """
    page = files("pilotline_scheduler.formats").joinpath("gantt.html").read_text(encoding="utf-8")
    # No text of the problem may end the script it stands in.
    data = json.dumps(_data(problem, plan), ensure_ascii=False, separators=(",", ":"))
    return page.replace(_DATA, data.replace("</", "<\\/").replace("<!--", "<\\!--"))


def _data(problem: Problem, plan: Plan) -> dict[str, Any]:
    machines = {machine.id: index for index, machine in enumerate(problem.machines)}
    owners = {
        operation.id: index
        for index, run in enumerate(problem.runs)
        for operation in run.operations
    }
    hues = client_hues(problem)
    shares = lanes(plan)
    clients = {client: index for index, client in enumerate(hues)}
    calendars = {calendar.id: index for index, calendar in enumerate(problem.calendars)}
    return {
        "name": problem.name,
        "origin": None if problem.origin is None else problem.origin.isoformat(),
        "tickSeconds": problem.tick_s,
        "machines": [
            [each.id, -1 if each.calendar is None else calendars[each.calendar]]
            for each in problem.machines
        ],
        "calendars": [
            [[span.start, span.end] for span in calendar.open] for calendar in problem.calendars
        ],
        "clients": [[client, hue] for client, hue in hues.items()],
        "runs": [[run.id, clients[run.client], run.due] for run in problem.runs],
        "operations": [
            [
                each.operation,
                machines[each.machine],
                owners[each.operation],
                each.setup_start,
                each.start,
                each.end,
                each.start if each.setup_end is None else each.setup_end,
                *shares[each.operation],
            ]
            for each in sorted(plan.operations, key=lambda planned: planned.start)
            if each.machine in machines and each.operation in owners
        ],
    }
