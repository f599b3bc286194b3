"""Credentials: the password with which a machine's server is signed in to."""

import os
import re

from pilotline_edge.errors import CredentialsRefused
from pilotline_plant import Machine


def password_variable(machine_id: str) -> str:
    """Return the environment variable that holds a machine's password."""
    return "PILOTLINE_OPCUA_PASSWORD_" + re.sub(r"[^A-Za-z0-9]", "_", machine_id).upper()


def password_of(machine: Machine) -> str:
    """Return the password of the machine's user.

    Raises:
        CredentialsRefused: there is none, or it would be sent readable.
    """
    user, variable = machine.endpoint.user, password_variable(machine.id)
    if machine.endpoint.security == "None":
        raise CredentialsRefused(
            f"machine {machine.id}: user {user} with security None would send the password "
            "readable by everyone on the network; give the endpoint a security policy"
        )
    password = os.environ.get(variable)
    if password is None:
        raise CredentialsRefused(
            f"machine {machine.id}: user {user} has no password; set the environment variable "
            f"{variable}"
        )
    return password
