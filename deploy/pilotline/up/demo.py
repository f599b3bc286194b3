"""Demo organisations, logins and trial runs, made fresh for this start."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pilotline.up.command import run_once


@dataclass(frozen=True, slots=True)
class Login:
    """An account of the demo; its password is new at each start.

    Attributes:
        role: ``operator``, ``planner``, ``engineer`` or ``customer``.
        organisation: whom the person works for.
        email: what to sign in with.
        password: what to sign in with.
    """

    role: str
    organisation: str
    email: str
    password: str


def seed_demo(arguments: Sequence[str], environment: Mapping[str, str]) -> list[Login]:
    """Make the demo's accounts and, in an empty database, its trial runs and first solve.

    Raises:
        StartError: the command failed.
    """
    answer = json.loads(run_once(["api", "demo", *arguments, "--json"], environment))
    return [
        Login(each["role"], each["organisation"], each["email"], each["password"])
        for each in answer["logins"]
    ]
