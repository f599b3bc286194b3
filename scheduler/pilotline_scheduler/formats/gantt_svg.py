"""Draws a plan as a Gantt chart in SVG, without scripts or outside assets."""

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from pilotline_scheduler.formats.gantt_axis import axis_marks
from pilotline_scheduler.formats.lanes import Lane, lanes
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Interval, Machine, Problem

_ROW, _BAR, _LABEL, _WIDTH, _TOP = 26, 18, 140, 1200, 56
_KEY_WIDTH, _KEY_ROW, _LETTER = 34, 20, 6.8
_FIRST_HUE, _GOLDEN_ANGLE = 205, 137.508
_STYLE = """
text { font-family: system-ui, "DejaVu Sans", sans-serif; font-size: 12px; fill: #222 }
.name { font-size: 14px; font-weight: 600 }
.ground { fill: #fff }
.closed { fill: #eceff1 } .setup { fill: #78909c } .grid { stroke: #cfd8dc }
.late { stroke: #b71c1c; stroke-width: 2 }
"""
_DARK = """
@media (prefers-color-scheme: dark) {
text { fill: #e0e0e0 } .ground { fill: #15191c }
.closed { fill: #20272b } .setup { fill: #90a4ae } .grid { stroke: #37474f }
.late { stroke: #ff8a80 }
}
"""


def gantt_png(problem: Problem, plan: Plan) -> bytes:
    """Return the chart as a picture of pixels, in light colours and double size."""
    from resvg_py import svg_to_bytes

    return svg_to_bytes(svg_string=gantt_svg(problem, plan, dark=False), zoom=2)


def gantt_svg(problem: Problem, plan: Plan, *, dark: bool = True) -> str:
    """Return the chart: a row per machine, closed hours grey, setups dark, late runs outlined.

    Args:
        problem: what was planned.
        plan: the plan.
        dark: whether the chart turns dark where the reader's screen is.
    """
    end = max((planned.end for planned in plan.operations), default=1)
    rows = {machine.id: index for index, machine in enumerate(problem.machines)}
    scale = _WIDTH / max(1, end)
    hues = client_hues(problem)
    key, key_height = _key(hues, _TOP + _ROW * len(rows) + 24)
    width, height = _LABEL + _WIDTH + 40, _TOP + _ROW * len(rows) + 20 + key_height
    parts = [f"<style>{_STYLE}{_DARK if dark else ''}</style>"]
    parts.append(f'<rect class="ground" width="{width}" height="{height}"/>')
    parts.append(f'<text class="name" x="4" y="20">{escape(problem.name)}</text>')
    parts += _axis(problem, end, len(rows), scale)
    for machine in problem.machines:
        parts += _row(problem, machine, rows[machine.id], end, scale)
    shares = lanes(plan)
    owners = {operation.id: run for run in problem.runs for operation in run.operations}
    for planned in sorted(plan.operations, key=lambda each: each.start):
        if planned.operation in owners and planned.machine in rows:
            run = owners[planned.operation]
            late = run.due is not None and planned.end > run.due
            title = f"{planned.operation} of {run.id} ({run.client})"
            bar = _Bar(rows[planned.machine], shares[planned.operation], scale)
            parts += bar.parts(planned, hues[run.client], title, late=late)
    body = "\n".join(parts + key)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label={quoteattr(problem.name)}>\n{body}\n</svg>\n'
    )


def client_hues(problem: Problem) -> dict[str, int]:
    """Return a hue in degrees for each client, as far apart as their number allows.

    They begin at blue.
    """
    clients = dict.fromkeys(run.client for run in problem.runs)
    return {
        client: round(_FIRST_HUE + index * _GOLDEN_ANGLE) % 360
        for index, client in enumerate(clients)
    }


def _axis(problem: Problem, end: int, rows: int, scale: float) -> list[str]:
    parts: list[str] = []
    for tick, label in axis_marks(end, problem.tick_s, problem.origin):
        x = _LABEL + tick * scale
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" '
            f'y2="{_TOP + rows * _ROW}"/>'
            f'<text x="{x:.1f}" y="{_TOP - 10}" text-anchor="middle">{label}</text>'
        )
    return parts


def _key(hues: dict[str, int], top: int) -> tuple[list[str], int]:
    """Return what colours and shapes mean, below the rows, and the height that takes."""
    entries = [(client, f'fill="{_colour(hue)}"') for client, hue in hues.items()]
    entries += [
        ("changeover", 'class="setup"'),
        ("closed", 'class="closed"'),
        ("ends late", 'class="late" fill="none"'),
    ]
    parts: list[str] = []
    x, y = float(_LABEL), top
    for word, look in entries:
        width = _KEY_WIDTH + _LETTER * len(word)
        if x + width > _LABEL + _WIDTH and x > _LABEL:
            x, y = float(_LABEL), y + _KEY_ROW
        parts.append(
            f'<circle {look} cx="{x + 6:.1f}" cy="{y - 4}" r="6"/>'
            f'<text x="{x + 18:.1f}" y="{y}">{escape(word)}</text>'
        )
        x += width
    return parts, y - top + _KEY_ROW


def _colour(hue: int) -> str:
    return f"hsl({hue}, 50%, 60%)"


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


@dataclass(frozen=True, slots=True)
class _Bar:
    """Where an operation is drawn: its row, its share of the row, and pixels per tick."""

    row: int
    lane: Lane
    scale: float

    def parts(self, planned: PlannedOperation, hue: int, title: str, *, late: bool) -> list[str]:
        """Return the bar, and before it the changeover."""
        height = _BAR / self.lane.lanes
        y = _TOP + self.row * _ROW + 4 + self.lane.rank * height
        x = _LABEL + planned.start * self.scale
        found: list[str] = []
        if planned.setup_start < planned.start:
            ready = planned.start if planned.setup_end is None else planned.setup_end
            found.append(
                f'<rect class="setup" x="{_LABEL + planned.setup_start * self.scale:.1f}" '
                f'y="{y + height / 4:.1f}" height="{height / 2:.1f}" '
                f'width="{(ready - planned.setup_start) * self.scale:.1f}"/>'
            )
        width = max(0.5, (planned.end - planned.start) * self.scale)
        found.append(
            f'<rect {"class=" + chr(34) + "late" + chr(34) if late else ""} x="{x:.1f}" '
            f'y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{_colour(hue)}"><title>{escape(title)}: '
            f"{planned.start} to {planned.end}{', late' if late else ''}</title></rect>"
        )
        return found
