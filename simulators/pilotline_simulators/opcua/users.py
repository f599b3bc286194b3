"""Who may open a session with a simulated machine; everyone reads, nobody writes."""

import hmac
import os

from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.user_managers import UserManager

from pilotline_plant import Machine
from pilotline_simulators.errors import EndpointError


def password_variable(machine: str) -> str:
    """Return the name of the environment variable that holds a machine's password."""
    return "PILOTLINE_OPCUA_PASSWORD_" + machine.upper().replace("-", "_")


class MachineUsers(UserManager):
    """Admits the user of the plant file, or anyone where it names none.

    A machine with a security policy refuses a session over an unsecured channel, which asyncua
    leaves open for discovery.

    Args:
        machine: the machine.

    Raises:
        EndpointError: the plant file names a user whose password is not in the environment.
    """

    def __init__(self, machine: Machine) -> None:
        self._user = machine.endpoint.user
        self._secured = machine.endpoint.security != "None"
        variable = password_variable(machine.id)
        self._password = os.environ.get(variable, "")
        if self._user is not None and not self._password:
            raise EndpointError(
                machine.id, f"its user {self._user!r} needs a password; set {variable}."
            )

    def get_user(
        self,
        iserver: object,
        username: str | None = None,
        password: str | None = None,
        certificate: bytes | None = None,
    ) -> User | None:
        """Return the user a session acts as, or None to refuse it."""
        del iserver
        if self._secured and certificate is None:
            return None
        if self._user is None:
            return User(role=UserRole.User)
        known = username == self._user
        if known and hmac.compare_digest((password or "").encode(), self._password.encode()):
            return User(role=UserRole.User, name=username)
        return None
