"""Known: the profiles of servers met in the field."""

from pilotline_edge.profiles.profile import Profile

GENERIC = Profile("generic", "a server without known peculiarities")
"""What holds for a server that nobody measured: its limits are asked for and learnt."""

_KNOWN = (
    # Above 200 items a call it is fifty times as slow; its Micro Embedded Device profile has
    # no filters.
    Profile(
        "s7-1200",
        "Siemens S7-1200",
        batch=100,
        most_items=1_000,
        absolute=False,
        percent=False,
        transfers=False,
        words=(("siemens", "1200"), ("simatic", "s7-1200")),
    ),
    # TransferSubscriptions is answered with BadServiceUnsupported.
    Profile(
        "s7-1500",
        "Siemens S7-1500",
        batch=500,
        most_items=10_000,
        transfers=False,
        words=(("siemens", "1500"), ("simatic", "s7-1500")),
    ),
    Profile(
        "kepware",
        "Kepware KEPServerEX",
        batch=1_000,
        words=(("kepware",), ("kepserver",), ("ptc inc", "server")),
    ),
    # Its server is Eclipse Milo; it says 10 000 and slows down long before.
    Profile(
        "ignition",
        "Inductive Automation Ignition",
        batch=100,
        words=(("ignition",), ("inductive automation",), ("eclipse milo",)),
    ),
    # It says 10 000 and stops to answer at such calls.
    Profile("prosys", "Prosys OPC UA", batch=800, words=(("prosys",),)),
    # A deadband compares with the last sample, so drift is lost; percent is not implemented.
    Profile(
        "asyncua",
        "FreeOpcUa asyncua",
        absolute=False,
        percent=False,
        words=(("freeopcua",),),
    ),
    # asyncua with deadbands put right, except percent.
    Profile("pilotline", "Pilotline simulators", percent=False, words=(("pilotline simulators",),)),
)

PROFILES = {profile.name: profile for profile in (*_KNOWN, GENERIC)}
"""Profiles by the name a plant file uses; the first one that fits is recognised."""
