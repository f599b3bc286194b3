"""Says in words why a run is late, why an operation is where it is, and why there is no plan."""

from pilotline_scheduler.explain.cause import Cause, Wait
from pilotline_scheduler.explain.conflict import Conflict, Verdict, explain_conflict
from pilotline_scheduler.explain.late import Lateness, explain_late
from pilotline_scheduler.explain.machines import MachineChoice, MachineOption, explain_machine
from pilotline_scheduler.explain.rules import Rule, RuleKind, relaxed, rules_of
from pilotline_scheduler.explain.view import View

__all__ = [
    "Cause",
    "Conflict",
    "Lateness",
    "MachineChoice",
    "MachineOption",
    "Rule",
    "RuleKind",
    "Verdict",
    "View",
    "Wait",
    "explain_conflict",
    "explain_late",
    "explain_machine",
    "relaxed",
    "rules_of",
]
