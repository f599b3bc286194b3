"""How an agent does, as tables that an operator reads from a terminal."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pilotline_plant.printable import printable

if TYPE_CHECKING:
    from rich.console import JustifyMethod, RenderableType
    from rich.table import Table

_SLOW_WRITE_S = 5.0
_LATE_S = 10.0
_SKEWED_S = 1.0
_NEARLY_FULL = 0.9
_MOST_TROUBLES = 40
_NAME_WIDTH = 16
_FIGURES = {"Values/s": 8, "Lag": 6, "Clock": 7, "Bad": 5, "Gaps": 4}
"""Columns of figures, and how wide they are at least."""
_COLUMNS = ("Machine", "State", *_FIGURES, "Last gap", "Healed by")
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))

Status = dict[str, Any]


def pages(status: Status, now: datetime) -> Iterator["RenderableType"]:
    """Yield what to print, from the most to the least urgent.

    Args:
        status: what `pilotline_edge.read_status` returns.
        now: present time, for ages.
    """
    from rich.text import Text

    status = _harmless(status)
    if not status["running"]:
        yield Text(_ended(status), style="bold red")
    elif status["not_ready"]:
        yield Text(f"not ready: {status['not_ready']}", style="bold red")
    yield _machines(status, now)
    yield _parts(status, now)
    if lines := list(_troubles(status)):
        yield ""
        yield _trouble_table(lines)


def _harmless(held: Any) -> Any:  # noqa: ANN401 - JSON values
    """Return JSON values whose texts command no terminal: machines and servers wrote some."""
    if isinstance(held, str):
        return printable(held)
    if isinstance(held, dict):
        return {printable(key): _harmless(each) for key, each in held.items()}
    return [_harmless(each) for each in held] if isinstance(held, list) else held


def _ended(status: Status) -> str:
    ago = duration(status["age_s"])
    if status["stopped"]:
        return f"the agent was stopped {ago} ago; this is how it was then"
    return (
        f"no agent runs: the last one (process {status['pid']}) said nothing for {ago} and was not "
        "stopped properly; this is the last it said"
    )


def _machines(status: Status, now: datetime) -> "Table":
    from rich import box
    from rich.table import Table

    machines = status["machines"]
    connected = sum(machine["connected"] for machine in machines)
    table = Table(
        title=f"{status['agent']} reads {status['plant']}: "
        f"{connected} of {len(machines)} machines connected",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    rows = [dict(zip(_COLUMNS, _row(machine, now), strict=True)) for machine in machines]
    longest = max((len(machine["id"]) for machine in machines), default=0)
    # In a narrow terminal words are cut, figures never, and names only when they are long.
    least = {"Machine": min(longest, _NAME_WIDTH), "State": 13, **_FIGURES}
    told = [name for name in _COLUMNS if any(map(str, (row[name] for row in rows)))]
    for name in told:
        justify: JustifyMethod = "right" if name in _FIGURES else "left"
        table.add_column(name, no_wrap=True, justify=justify, min_width=least.get(name, 0))
    for row in rows:
        table.add_row(*(row[name] for name in told))
    return table


def _row(machine: Status, now: datetime) -> Iterable["RenderableType"]:
    from rich.text import Text

    up = machine["connected"]
    since = duration(_age_s(machine["since"], now), 2 if up else 1)
    lag, skew, gap = machine["lag_s"], machine["clock_skew_s"], machine["last_gap"]
    healed, bad = machine["last_healed"], len(machine["bad_tags"])
    yield Text(machine["id"] + _server_in_use(machine))
    yield Text(f"● {since}", "green") if up else Text(f"○ away {since}", "bold red")
    yield Text(f"{machine['values_per_s']:,.1f}", "" if up else "dim")
    yield _alarming(
        "" if lag is None else duration(lag, 1), up and lag is not None and lag > _LATE_S
    )
    yield _alarming("" if skew is None else _signed(skew), abs(skew or 0.0) > _SKEWED_S)
    yield _alarming(f"{bad}/{machine['tags']}" if bad else "", bool(bad))
    yield str(machine["gaps"])
    yield "" if gap is None else gap["cause"]
    yield "" if healed is None else healed["by"]


def _server_in_use(machine: Status) -> str:
    """Return which of several servers is read, such as `` 2/3``."""
    servers = machine["servers"]
    at = next((at for at, server in enumerate(servers, 1) if server["in_use"]), 0)
    return f" {at}/{len(servers)}" if servers else ""


def _parts(status: Status, now: datetime) -> "Table":
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("journal", _journal(status["journal"]))
    table.add_row("historian", _historian(status["historian"], now))
    if (live := status["live"]) is not None:
        away = live["problem"]
        text = f"{live['to']}: {live['pushed']:,} messages"
        table.add_row("live feed", _alarming(f"{text}, away: {away}" if away else text, bool(away)))
    file = status["plant_file"]
    text = f"taken {duration(_age_s(file['taken'], now))} ago"
    if problem := file["problem"]:
        text += f"; as it is now it was refused: {problem.splitlines()[0]}"
    table.add_row("plant file", _alarming(text, problem is not None))
    return table


def _journal(journal: Status) -> "RenderableType":
    text = f"{journal['samples']:,} values wait, {_size(journal['bytes'])}"
    text += f" of {_size(journal['limit_bytes'])}"
    if journal["oldest_s"] is not None and journal["samples"]:
        text += f", the oldest for {duration(journal['oldest_s'])}"
    if journal["damaged_set_aside"]:
        text += f", a damaged one lies in {journal['damaged_set_aside']}"
    if journal["given_up"]:
        text += f", {journal['given_up']:,} given up for their age and declared"
    if journal["blocked"]:
        text += f"; takes nothing: {journal['blocked']}"
    elif journal["held"]:
        text += f"; takes nothing from machines of priority {' and '.join(journal['held'])}"
    full = journal["bytes"] > _NEARLY_FULL * journal["limit_bytes"]
    return _alarming(text, full or bool(journal["blocked"] or journal["held"]))


def _historian(historian: Status, now: datetime) -> "RenderableType":
    text = f"{historian['samples']:,} values delivered"
    if historian["last_delivery"] is not None:
        text += f", the last {duration(_age_s(historian['last_delivery'], now))} ago"
    if historian["rejected"]:
        text += f", {historian['rejected']:,} rejected (see dead-letters.jsonl)"
    if historian["corrupt_records"]:
        text += f", {historian['corrupt_records']:,} damaged records declared"
    writing_s = _age_s(historian["writing_since"], now) if historian["writing_since"] else 0.0
    if writing_s > _SLOW_WRITE_S:
        text += f"; has not answered a write for {duration(writing_s)}"
    if historian["problem"]:
        text += f"; away for {duration(_age_s(historian['problem_since'], now))}"
        if historian["next_attempt"]:
            wait_s = max(-_age_s(historian["next_attempt"], now), 0.0)
            text += f", tried again in {duration(wait_s)}"
        text += f": {historian['problem']}"
    alarm = historian["problem"] is not None or writing_s > _SLOW_WRITE_S
    return _alarming(text, alarm or bool(historian["rejected"]))


def _troubles(status: Status) -> Iterator[tuple[str, str, str]]:
    from pilotline_edge.link.link import AGENT_STOPS

    for machine in status["machines"]:
        if not machine["connected"] and machine["cause"] != AGENT_STOPS:
            cause = (machine["cause"] or "").removeprefix(f"machine {machine['id']}: ")
            yield machine["id"], "away", cause
        for server in machine["servers"]:
            if not server["in_use"] and server["problem"]:
                yield machine["id"], "standby", f"{server['url']}: {server['problem']}"
            elif (
                server["in_use"] and (level := server["service_level"]) is not None and level < 200
            ):
                yield machine["id"], "server", f"{server['url']} has service level {level} of 255"
        if count := machine["conditions"]:
            hold = "1 condition holds" if count == 1 else f"{count} conditions hold"
            told = f"`pilotline historian events {machine['id']}` tells which"
            yield machine["id"], "alarms", f"{hold}; {told}"
        if count := machine["gaps_waiting"]:
            wait = "1 outage waits" if count == 1 else f"{count} outages wait"
            yield machine["id"], "history", f"{wait} for what the machine itself recorded"
        for tag, reason in machine["bad_tags"].items():
            yield machine["id"], tag, reason
        reading = machine["reading"]
        for reason, count in reading["polled_instead"].items():
            yield machine["id"], f"{count} tags", f"polled instead: {reason}"
        for tag, remark in reading["remarks"].items():
            yield machine["id"], tag, remark


def _trouble_table(lines: list[tuple[str, str, str]]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(
        title="What needs a look", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("Machine", no_wrap=True)
    table.add_column("Tag", no_wrap=True)
    table.add_column("Reason", overflow="fold")
    for machine, tag, reason in lines[:_MOST_TROUBLES]:
        table.add_row(machine, tag, reason)
    if len(lines) > _MOST_TROUBLES:
        table.add_row("…", "", f"{len(lines) - _MOST_TROUBLES} more; --json has them all")
    return table


def _alarming(text: str, alarm: bool) -> "RenderableType":
    from rich.text import Text

    return Text(text, style="yellow" if alarm else "")


def duration(seconds: float, units: int = 2) -> str:
    """Return a duration in its largest units, such as ``3 h 12 min``, ``4 d`` or ``0.42 s``.

    Args:
        seconds: the duration.
        units: most units to show.
    """
    if seconds < 0:
        return f"-{duration(-seconds, units)}"
    if seconds < 10:
        return f"{seconds:.2f} s"
    left, words = round(seconds), []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        words.append(f"{count} {unit}" if count else "")
    first = next(at for at, word in enumerate(words) if word)
    return " ".join(word for word in words[first : first + units] if word)


def _signed(seconds: float) -> str:
    text = duration(abs(seconds), 1)
    if text == duration(0.0):
        return text
    return f"{'+' if seconds > 0 else '-'}{text}"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"


def _age_s(instant: str, now: datetime) -> float:
    return (now.astimezone(UTC) - datetime.fromisoformat(instant)).total_seconds()
