"""Known: the profiles of servers met in the field.

Where a figure comes from stands beside it:

* OPC 10000-7: which filters a server of a profile must have.
* Siemens: the S7-1500 manual (A5E03735815, 9.3.3) and the system limits of entry 109755846.
* UMH: the server profiles of benthos-umh (``opcua_plugin/server_profiles.go``, of November 2025),
  whose makers asked real servers for their limits and cite Siemens' entry.
* EPICS: its OPC UA module's notes on the S7-1500.
* measured: by this project, against the version that its tests run.

No document of its maker was found for Kepware, Ignition and Prosys.
"""

from pilotline_edge.profiles.profile import Profile

GENERIC = Profile("generic", "a server without known peculiarities")
"""What holds for a server that nobody measured: its limits are asked for and learnt."""

_KNOWN = (
    # UMH: says 1,000 items a call, but above 200 it is fifty times as slow; 1,000 items in all.
    # OPC 10000-7: a Micro Embedded Device need not filter (UMH: it does not). That it does not
    # transfer is known of the S7-1500 only; a refusal would cost no more than a call.
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
    # EPICS: 1,000 nodes in the calls that are under way, so UMH takes 500 for one. Siemens: how
    # many items there are hangs on the CPU and its project, so that is asked for or learnt.
    # TransferSubscriptions is answered with BadServiceUnsupported (reported to node-opcua, 2019).
    Profile(
        "s7-1500",
        "Siemens S7-1500",
        batch=500,
        transfers=False,
        words=(("siemens", "1500"), ("simatic", "s7-1500")),
    ),
    # UMH.
    Profile(
        "kepware",
        "Kepware KEPServerEX",
        batch=1_000,
        words=(("kepware",), ("kepserver",), ("ptc inc", "server")),
    ),
    # UMH: its server, Eclipse Milo, says 10,000; ten times as fast with 1,000 as with 100.
    Profile(
        "ignition",
        "Inductive Automation Ignition",
        batch=1_000,
        words=(("ignition",), ("inductive automation",), ("eclipse milo",)),
    ),
    # UMH: says 10,000, and its simulation server stops to answer at as many in a subscription.
    Profile("prosys", "Prosys OPC UA", batch=800, words=(("prosys",),)),
    # Measured: compares with the last sample, so drift is lost; percent is not implemented.
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
