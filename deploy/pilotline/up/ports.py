"""Whether the ports that parts want are free, told before anything starts."""

import errno
import socket

from pilotline.errors import PortInUseError, StartError


def require_free(host: str, port: int, what: str, remedy: str) -> None:
    """Make sure that `what` could listen.

    Raises:
        PortInUseError: another program listens there.
        StartError: the address cannot be bound for another reason.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(host, port, what, remedy) from error
            raise StartError(
                f"{what} cannot listen on {host}:{port}: {error.strerror}. {remedy}"
            ) from error
