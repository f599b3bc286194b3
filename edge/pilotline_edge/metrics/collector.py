"""Collector: an agent's figures as Prometheus metrics."""

from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from pilotline_edge.link.link import MachineLink
from pilotline_edge.status.overview import Overview
from pilotline_edge.subscription.healing import Step

PREFIX = "pilotline_edge_"

OfMachine = Callable[[MachineLink], float | None]
OfAgent = Callable[[Overview], float | None]

MACHINE_GAUGES: dict[str, tuple[str, OfMachine]] = {
    "machine_connected": (
        "Whether the machine's values arrive (1) or not (0).",
        lambda link: link.state.link.connected,
    ),
    "machine_changed_timestamp_seconds": (
        "When the machine was last connected or lost.",
        lambda link: link.state.link.since_ms / 1e3,
    ),
    "machine_lag_seconds": (
        "Age of the newest value of the last message when it arrived.",
        lambda link: link.state.lag_s,
    ),
    "machine_clock_skew_seconds": (
        "The machine's clock less the agent's.",
        lambda link: link.state.skew.seconds,
    ),
    "machine_covered_timestamp_seconds": (
        "Source time up to which every tag of the machine is known.",
        lambda link: link.covered_ns / 1e9,
    ),
    "machine_servers": (
        "Servers of the machine that the plant file names.",
        lambda link: len(link.servers) or 1,
    ),
    "machine_servers_reached": (
        "How many of several servers of the machine can be reached; absent with one.",
        lambda link: sum(each.level is not None for each in link.servers) if link.servers else None,
    ),
    "machine_server": (
        "Which of the machine's servers is read, 1 for the first of the plant file.",
        lambda link: (
            1 + [each.url for each in link.servers].index(link.endpoint) if link.servers else 1
        ),
    ),
    "machine_service_level": (
        "Service level of the server in use, 0 to 255; absent with one server.",
        lambda link: next((each.level for each in link.servers if each.url == link.endpoint), None),
    ),
    "machine_subscriptions": (
        "Subscriptions the machine's server has for the agent.",
        lambda link: link.subscriptions,
    ),
    "machine_certificate_expires_timestamp_seconds": (
        "When the certificate ends that the machine's server showed; absent without security.",
        lambda link: None if (end := link.certificate_expires) is None else end.timestamp(),
    ),
    "machine_tags": ("Tags the plant file asks for.", lambda link: len(link.machine.tags)),
    "machine_gaps_waiting": (
        "Losses that wait for the machine's history.",
        lambda link: link.losses_waiting,
    ),
    "machine_conditions": (
        "Conditions that stand at the machine.",
        lambda link: link.state.conditions,
    ),
    "machine_polled_tags": ("Tags that are polled.", lambda link: link.polled_tags),
    "machine_bad_tags": (
        "Tags the machine's server refuses.",
        lambda link: len(link.state.bad_tags),
    ),
}
"""Gauges per machine: name without prefix, help and value."""


def _healed(step: Step) -> OfMachine:
    return lambda link: link.state.healed_by[step]


MACHINE_COUNTERS: dict[str, tuple[str, OfMachine]] = {
    "machine_values": ("Values taken.", lambda link: link.state.values),
    "machine_events": ("Events taken.", lambda link: link.state.events),
    "machine_values_suppressed": (
        "Values that came and were within their tag's deadband.",
        lambda link: link.state.suppressed,
    ),
    "machine_polls_skipped": (
        "Polls that were due and not made.",
        lambda link: link.polls_skipped,
    ),
    "machine_messages": ("Notification messages taken.", lambda link: link.state.messages),
    "machine_messages_duplicate": (
        "Messages that came a second time and were dropped.",
        lambda link: link.state.duplicates,
    ),
    "machine_messages_lost": (
        "Messages lost for good and declared as gaps.",
        lambda link: link.state.missing,
    ),
    "machine_gaps": ("Gaps declared.", lambda link: link.state.gaps),
    "machine_gaps_healed": (
        "Gaps filled whole from the machine's history and not declared.",
        lambda link: link.state.gaps_healed,
    ),
    "machine_values_backfilled": (
        "Values read from the machine's history.",
        lambda link: link.state.backfilled,
    ),
    "machine_reconnects": ("Connections made after the first.", lambda link: link.state.reconnects),
    "machine_server_changes": (
        "How often another server of the machine was gone to.",
        lambda link: link.server_changes,
    ),
    "machine_restarts": (
        "Times the machine's reader failed and was started anew.",
        lambda link: link.state.restarts,
    ),
} | {
    f"machine_subscriptions_{step.value}": (
        f"Subscriptions that came back {step.value} after a lost connection.",
        _healed(step),
    )
    for step in Step
    if step is not Step.BACKFILLED
}
"""Counters per machine; Prometheus adds ``_total`` to the name."""

GAUGES: dict[str, tuple[str, OfAgent]] = {
    "start_time_seconds": ("When the agent started.", lambda seen: seen.started_ns / 1e9),
    "own_certificate_expires_timestamp_seconds": (
        "When the agent's own certificate ends; absent while it has none.",
        lambda seen: seen.own_certificate_expires_s(),
    ),
    "ready": (
        "Whether values can be taken and kept (1) or not (0).",
        lambda seen: seen.not_ready() is None,
    ),
    "machines": ("Machines in the plant file.", lambda seen: len(seen.links)),
    "plant_taken_timestamp_seconds": (
        "When the present plant file was taken.",
        lambda seen: seen.reloads.loaded_ns / 1e9,
    ),
    "plant_refused": (
        "Whether the plant file as it is now was refused (1) or taken (0).",
        lambda seen: seen.reloads.problem is not None,
    ),
    "journal_records": ("Messages that wait.", lambda seen: seen.journal.size.records),
    "journal_values": ("Values that wait.", lambda seen: seen.journal.size.samples),
    "journal_bytes": ("Size of what waits.", lambda seen: seen.journal.size.bytes),
    "journal_limit_bytes": ("Most that may wait.", lambda seen: seen.journal_limit_bytes),
    "journal_oldest_seconds": (
        "Age of the oldest message that waits, 0 when none does.",
        lambda seen: seen.oldest_s() or 0.0,
    ),
    "journal_blocked": (
        "Whether the journal takes nothing, full or out of disk (1), or does (0).",
        lambda seen: seen.journal.size.blocked is not None,
    ),
    "historian_reached": (
        "Whether the historian took what it was last given (1) or not (0).",
        lambda seen: seen.forwarder.problem is None,
    ),
    "historian_delivered_timestamp_seconds": (
        "When the historian last took something.",
        lambda seen: seen.forwarder.delivered_at,
    ),
    "historian_writing_since_timestamp_seconds": (
        "When the write began that the historian has not answered yet.",
        lambda seen: seen.forwarder.writing_since,
    ),
    "live_reached": (
        "Whether the live feed takes values (1) or not (0); absent without one.",
        lambda seen: None if seen.live is None else seen.live.problem is None,
    ),
}
"""Gauges of the agent; a value that is not known is left out."""

COUNTERS: dict[str, tuple[str, OfAgent]] = {
    "historian_values": ("Values delivered.", lambda seen: seen.forwarder.samples),
    "historian_gaps": ("Gaps delivered.", lambda seen: seen.forwarder.gaps),
    "historian_values_rejected": (
        "Values the historian never takes, kept in the dead letters.",
        lambda seen: seen.forwarder.rejected,
    ),
    "journal_records_corrupt": (
        "Damaged journal records, declared as gaps.",
        lambda seen: seen.forwarder.corrupt,
    ),
    "journal_values_given_up": (
        "Values that waited longer than the journal keeps any, declared as gaps.",
        lambda seen: seen.aging.given_up,
    ),
    "live_pushes": (
        "Messages the live feed took; absent without one.",
        lambda seen: None if seen.live is None else seen.live.pushed,
    ),
    "plant_reloads": ("Changed plant files taken.", lambda seen: seen.reloads.done),
    "plant_reloads_refused": ("Changed plant files refused.", lambda seen: seen.reloads.refused),
}
"""Counters of the agent."""


class AgentCollector(Collector):
    """Yields an agent's figures as they are when asked.

    Characteristics
        labels: ``machine`` only, so there are as many series as the plant has machines
        cost when nobody asks: none
    """

    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        overview = self._overview
        links = list(overview.links.values())
        for name, (text, of) in MACHINE_GAUGES.items():
            gauge = GaugeMetricFamily(PREFIX + name, text, labels=["machine"])
            for link in links:
                if (value := of(link)) is not None:
                    gauge.add_metric([link.machine.id], float(value))
            yield gauge
        for name, (text, of) in MACHINE_COUNTERS.items():
            counter = CounterMetricFamily(PREFIX + name, text, labels=["machine"])
            for link in links:
                counter.add_metric([link.machine.id], float(of(link) or 0.0))
            yield counter
        for name, (text, figure) in GAUGES.items():
            if (value := figure(overview)) is not None:
                yield GaugeMetricFamily(PREFIX + name, text, value=float(value))
        for name, (text, figure) in COUNTERS.items():
            if (value := figure(overview)) is not None:
                yield CounterMetricFamily(PREFIX + name, text, value=float(value))
