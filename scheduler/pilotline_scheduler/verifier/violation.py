"""A rule that a plan breaks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes:
        rule: name of the rule, such as ``maximum-lag``; `docs/reference/problem.md` lists them.
        operations: ids of the operations concerned.
        sentence: what is wrong, with the numbers, for a person.
    """

    rule: str
    operations: tuple[str, ...]
    sentence: str

    def __str__(self) -> str:
        """Return ``rule: sentence``."""
        return f"{self.rule}: {self.sentence}"
