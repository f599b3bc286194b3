"""Independent check of a plan against its problem: it shares no code with the solver."""

from pilotline_scheduler.verifier.evaluation import evaluate, evaluate_burdens, evaluate_goals
from pilotline_scheduler.verifier.verify import verify
from pilotline_scheduler.verifier.violation import Violation

__all__ = ["Violation", "evaluate", "evaluate_burdens", "evaluate_goals", "verify"]
