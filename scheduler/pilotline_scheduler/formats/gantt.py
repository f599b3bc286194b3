"""Draws a plan as a Gantt chart, in the kind of file that its name asks for."""

from pathlib import Path

from pilotline_scheduler.errors import FormatError
from pilotline_scheduler.formats.gantt_html import gantt_html
from pilotline_scheduler.formats.gantt_svg import gantt_png, gantt_svg
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem


def draw(problem: Problem, plan: Plan, path: Path) -> None:
    """Write a chart: ``.svg``, ``.png``, or ``.html`` for a page to look around in.

    Raises:
        FormatError: the name ends in something else.
        OSError: the file cannot be written.
    """
    match path.suffix.lower():
        case ".svg":
            path.write_text(gantt_svg(problem, plan), encoding="utf-8")
        case ".png":
            path.write_bytes(gantt_png(problem, plan))
        case ".html":
            path.write_text(gantt_html(problem, plan), encoding="utf-8")
        case suffix:
            message = f"a chart is .svg, .png or .html, not {suffix or 'a file without a suffix'!r}"
            raise FormatError(message)
