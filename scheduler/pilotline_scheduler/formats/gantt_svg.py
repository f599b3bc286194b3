"""Draws a plan as a Gantt chart in SVG, without scripts or outside assets."""

from xml.sax.saxutils import escape, quoteattr

from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Interval, Machine, Problem

_ROW, _BAR, _LABEL, _WIDTH, _TOP = 26, 18, 140, 1200, 30
_HUES = 12
_GRID = 10
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #222 }
.closed { fill: #eceff1 } .setup { fill: #78909c } .grid { stroke: #cfd8dc }
.late { stroke: #b71c1c; stroke-width: 2 }
"""


def gantt_svg(problem: Problem, plan: Plan) -> str:
    """Return the chart: a row per machine, closed hours grey, setups dark, late runs outlined."""
    end = max((planned.end for planned in plan.operations), default=1)
    rows = {machine.id: index for index, machine in enumerate(problem.machines)}
    scale = _WIDTH / max(1, end)
    parts = [f"<style>{_STYLE}</style>", *_axis(end, len(rows), scale)]
    for machine in problem.machines:
        parts += _row(problem, machine, rows[machine.id], end, scale)
    owners = {
        operation.id: (index, run)
        for index, run in enumerate(problem.runs)
        for operation in run.operations
    }
    for planned in sorted(plan.operations, key=lambda each: each.start):
        if planned.operation in owners and planned.machine in rows:
            index, run = owners[planned.operation]
            late = run.due is not None and planned.end > run.due
            title = f"{planned.operation} of {run.id} ({run.client})"
            parts += _bar(planned, rows[planned.machine], index, title, scale, late=late)
    height = _TOP + _ROW * len(rows) + 10
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LABEL + _WIDTH + 20} {height}" '
        f'role="img" aria-label={quoteattr(problem.name)}>\n{body}\n</svg>\n'
    )


def _axis(end: int, rows: int, scale: float) -> list[str]:
    parts: list[str] = []
    for step in range(_GRID + 1):
        tick = end * step // _GRID
        x = _LABEL + tick * scale
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" '
            f'y2="{_TOP + rows * _ROW}"/>'
            f'<text x="{x:.1f}" y="{_TOP - 10}" text-anchor="middle">{tick}</text>'
        )
    return parts


def _row(problem: Problem, machine: Machine, row: int, end: int, scale: float) -> list[str]:
    y = _TOP + row * _ROW
    parts = [f'<text x="4" y="{y + 16}">{escape(machine.id)}</text>']
    calendars = {calendar.id: calendar.open for calendar in problem.calendars}
    if machine.calendar is not None:
        parts += [
            f'<rect class="closed" x="{_LABEL + gap.start * scale:.1f}" y="{y + 2}" '
            f'width="{(gap.end - gap.start) * scale:.1f}" height="{_BAR + 4}"/>'
            for gap in _closed(calendars[machine.calendar], end)
        ]
    return parts


def _closed(opened: tuple[Interval, ...], end: int) -> list[Interval]:
    edges = [0, *(tick for each in opened for tick in (each.start, each.end)), end]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [Interval(start, min(stop, end)) for start, stop in pairs if start < min(stop, end)]


def _bar(
    planned: PlannedOperation, row: int, hue: int, title: str, scale: float, *, late: bool
) -> list[str]:
    y = _TOP + row * _ROW + 4
    x = _LABEL + planned.start * scale
    parts: list[str] = []
    if planned.setup_start < planned.start:
        start = _LABEL + planned.setup_start * scale
        parts.append(
            f'<rect class="setup" x="{start:.1f}" y="{y + 4}" width="{x - start:.1f}" '
            f'height="{_BAR - 8}"/>'
        )
    width = max(0.5, (planned.end - planned.start) * scale)
    color = f"hsl({hue % _HUES * 360 // _HUES} 45% 62%)"
    parts.append(
        f'<rect {"class=" + chr(34) + "late" + chr(34) if late else ""} x="{x:.1f}" y="{y}" '
        f'width="{width:.1f}" height="{_BAR}" fill="{color}"><title>{escape(title)}: '
        f"{planned.start} to {planned.end}{', late' if late else ''}</title></rect>"
    )
    return parts
