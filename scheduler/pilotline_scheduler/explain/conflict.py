"""Why a problem has no plan: rules that contradict each other, of which none can be left out."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.explain.oracle import Finding, find_plan, suspects
from pilotline_scheduler.explain.quickxplain import narrowed
from pilotline_scheduler.explain.rule_words import RuleWords
from pilotline_scheduler.explain.rules import Rule, only, relaxed, rules_of
from pilotline_scheduler.explain.way_out import WayOut, way_out
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.problem.validation import validate

_FIRST_SHARE = 0.15
"""Share of the time left for a look at everything, and for what dispatching gets stuck with."""
_LAST_SHARE = 0.6
"""Share of the time left for a last look at everything."""
_GROWTH = 3
"""One more of so many: small steps, for what is too many takes much longer to prove."""
_CHECK_SHARE = 0.25
"""Share of the time left that one question may take."""


_GLANCE_S = 0.5


class Verdict(StrEnum):
    """What was found out."""

    CONFLICT = "conflict"
    PLAN = "plan"
    """There is a plan, so nothing contradicts."""
    UNKNOWN = "unknown"
    """Neither a plan nor the proof that there is none was found in time."""


@dataclass(frozen=True, slots=True)
class Member:
    """A rule of a conflict.

    Attributes:
        rule: the rule.
        sentence: what it asks for.
        way_out: how it could give way so that this conflict is gone; None where time ended first.
    """

    rule: Rule
    sentence: str
    way_out: WayOut | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a problem has no plan.

    Attributes:
        verdict: what was found out.
        runs: the runs the conflict is about; without the others it is there all the same.
        members: rules that contradict each other for these runs, all other rules left out.
        minimal: whether it is proven that giving way on any one member ends the conflict. If not,
            time ended first, and some members may not be needed.
        plan: a plan, where there is one.
        message: the same in a sentence.
    """

    verdict: Verdict
    runs: tuple[str, ...]
    members: tuple[Member, ...]
    minimal: bool
    plan: Plan | None
    message: str


def explain_conflict(problem: Problem, time_limit_s: float = 30.0) -> Conflict:
    """Return why a problem has no plan, or a plan of it.

    Runs that are left out take their operations with them. The work itself, minimum lags and that
    a machine does one operation at a time are never given way on. Giving way ends this conflict;
    there may be others.

    Args:
        problem: what is to be planned.
        time_limit_s: seconds in all; when they end, what is known so far is returned.

    Raises:
        ProblemError: the problem is not well formed.
        AnalysisError: the time limit is not positive.
    """
    if time_limit_s <= 0:
        message = f"the time limit must be positive, not {time_limit_s} s"
        raise AnalysisError(message)
    validate(problem)
    return _Search(problem, time_limit_s).conflict()


class _Search:
    def __init__(self, problem: Problem, time_limit_s: float) -> None:
        self._problem = problem
        self._end_s = time.monotonic() + time_limit_s
        self._found = Finding()

    def conflict(self) -> Conflict:
        """Return the conflict, or the plan."""
        runs = self._run_alone()
        for look in (self._stuck, self._everyone):
            if not runs:
                runs = look()
        if not runs:
            return self._without_conflict()
        if len(runs) > 1:
            runs = narrowed(runs, lambda some: self._none(only(self._problem, some)))
        part = only(self._problem, runs)
        everything = rules_of(part)
        rules = narrowed(everything, lambda some: self._none(_with_only(part, everything, some)))
        return self._proven(part, rules)

    def _run_alone(self) -> list[str] | None:
        """Return a run that has no plan even alone, by release, deadline, lags and calendars."""
        for run in self._problem.runs:
            if find_plan(only(self._problem, [run.id]), 0.0).impossible:
                return [run.id]
        return None

    def _stuck(self) -> list[str]:
        """Return some runs without a plan, among those that dispatching gets stuck with, or none.

        That few runs cannot be planned is far sooner proven than that all cannot.
        """
        self._found = find_plan(self._problem, _FIRST_SHARE * self._left_s())
        if self._found.plan is not None or self._found.impossible:
            return []
        order = suspects(self._problem, _FIRST_SHARE * self._left_s())
        size = 2
        while size <= len(order):
            if self._none(only(self._problem, order[:size])):
                return order[:size]
            size += max(1, size // _GROWTH)
        return []

    def _everyone(self) -> list[str]:
        """Return all runs where it is proven that they have no plan, or none."""
        if self._found.plan is None and not self._found.impossible:
            self._found = find_plan(self._problem, _LAST_SHARE * self._left_s())
        return [run.id for run in self._problem.runs] if self._found.impossible else []

    def _without_conflict(self) -> Conflict:
        plan = self._found.plan
        if plan is None:
            message = "neither a plan nor the proof that there is none was found in time"
            return Conflict(Verdict.UNKNOWN, (), (), False, None, message)
        return Conflict(Verdict.PLAN, (), (), False, plan, "there is a plan that keeps every rule")

    def _left_s(self) -> float:
        return self._end_s - time.monotonic()

    def _check(self, problem: Problem) -> Finding:
        left_s = self._left_s()
        return find_plan(problem, _CHECK_SHARE * left_s) if left_s > 0 else Finding()

    def _glance(self, problem: Problem) -> Finding:
        """Return what is found soon: ways out are many, and good without the proof of the least."""
        left_s = self._left_s()
        return find_plan(problem, min(_GLANCE_S, left_s)) if left_s > 0 else Finding()

    def _none(self, problem: Problem) -> bool:
        return self._check(problem).impossible

    def _proven(self, part: Problem, rules: Sequence[Rule]) -> Conflict:
        """Return the conflict of some rules, each shown to be needed where there is time."""
        part, rules, plans = self._needed(part, list(rules))
        everything = rules_of(part)
        alone = _with_only(part, everything, rules)
        words = RuleWords(part)
        members = tuple(
            Member(rule, words.sentence(rule), self._way_out(rule, part, alone, plans.get(rule)))
            for rule in rules
        )
        minimal = len(plans) == len(rules)
        return Conflict(
            Verdict.CONFLICT,
            tuple(run.id for run in part.runs),
            members,
            minimal,
            None,
            _message(members, minimal, [run.id for run in part.runs]),
        )

    def _needed(
        self, part: Problem, rules: list[Rule]
    ) -> tuple[Problem, list[Rule], dict[Rule, Plan]]:
        """Return runs and rules that are needed, and for each rule a plan without it.

        A rule that turns out not to be needed is left out, and the others are asked for again:
        with changeovers for which a detour is shorter, say, one rule less can make another one
        needless.
        """
        for run in [run.id for run in part.runs]:
            fewer = only(part, [each.id for each in part.runs if each.id != run])
            kept = [rule for rule in rules if rule in rules_of(fewer)]
            if len(kept) == len(rules) and self._none(_with_only(fewer, rules_of(fewer), kept)):
                part = fewer
        everything = rules_of(part)
        plans: dict[Rule, Plan] = {}
        for rule in list(rules):
            others = [each for each in rules if each != rule]
            found = self._check(_with_only(part, everything, others))
            if found.impossible:
                return self._needed(part, others)
            if found.plan is not None:
                plans[rule] = found.plan
        return part, rules, plans

    def _way_out(
        self, rule: Rule, part: Problem, alone: Problem, plan: Plan | None
    ) -> WayOut | None:
        """Return how a rule could give way, with all rules of the runs in force if that can be."""
        if plan is None:
            return None
        found = self._check(relaxed(part, [rule]))
        if found.plan is not None:
            return replace(way_out(rule, part, found.plan, self._glance), enough=True)
        return way_out(rule, alone, plan, self._glance)


def _with_only(part: Problem, everything: Sequence[Rule], kept: Sequence[Rule]) -> Problem:
    return relaxed(part, set(everything) - set(kept))


def _message(members: Sequence[Member], minimal: bool, runs: Sequence[str]) -> str:
    if not members:
        return f"the lags of {', '.join(runs)} contradict each other"
    return " ".join(_sentences(members, minimal))


def _sentences(members: Sequence[Member], minimal: bool) -> Iterator[str]:
    yield "; ".join(member.sentence for member in members) + "."
    if len(members) > 1:
        yield "All of this together cannot be."
    ways = [member.way_out.told for member in members if member.way_out is not None]
    if ways:
        yield "Ways out, any one of which ends this conflict: " + "; or ".join(ways) + "."
    if not minimal:
        yield "Not yet minimal: the time ended before each rule was shown to be needed."
