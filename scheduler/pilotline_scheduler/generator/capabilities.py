"""What the machines of a generated pilot line can do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capability:
    """A kind of machine and the work it does.

    Attributes:
        name: such as ``extruder``; machines are numbered from it.
        hall: where such machines stand.
        calendar: calendar id, or None for around the clock.
        states: setup states, such as recipe families; empty when setups take no time.
        setup_pool: pool that lends a person for a changeover, or None.
        cleans_itself: whether changeovers run in closed hours.
        pausable: whether work may pause over closed hours.
        minutes: shortest and longest usual operation.
        demands: ``(pool, units)`` while it works.
    """

    name: str
    hall: str
    calendar: str | None
    states: tuple[str, ...]
    setup_pool: str | None
    cleans_itself: bool
    pausable: bool
    minutes: tuple[int, int]
    demands: tuple[tuple[str, int], ...] = ()


CAPABILITIES = (
    Capability(
        "mixer",
        "process",
        "two-shifts",
        ("dairy", "plant", "mineral", "polymer"),
        "technicians",
        False,
        False,
        (30, 120),
        (("operators", 1),),
    ),
    Capability(
        "mill",
        "workshop",
        "day",
        ("steel", "aluminium", "titanium"),
        "technicians",
        False,
        True,
        (60, 480),
    ),
    Capability(
        "extruder",
        "process",
        "two-shifts",
        ("food", "feed", "polymer"),
        None,
        False,
        False,
        (60, 240),
        (("operators", 1), ("power", 60)),
    ),
    Capability("furnace", "workshop", None, (), None, False, False, (120, 600), (("power", 90),)),
    Capability("dryer", "process", None, ("food", "mineral"), None, True, False, (90, 420)),
    Capability(
        "coater",
        "clean-room",
        "two-shifts",
        ("water", "solvent", "powder"),
        None,
        True,
        False,
        (45, 180),
        (("clean-room-places", 1),),
    ),
    Capability(
        "assembler",
        "clean-room",
        "day",
        (),
        None,
        False,
        True,
        (60, 360),
        (("clean-room-places", 1),),
    ),
    Capability("tester", "laboratory", "day", (), None, False, True, (60, 300)),
)
"""In the order work flows through a line; a small line has the first few."""
