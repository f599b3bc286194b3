"""Data directory: where an agent keeps what must outlive it."""

import os
from pathlib import Path

from pilotline_edge.errors import DataDirectoryUnusable


def prepare(folder: Path) -> None:
    """Make an agent's data directory where it is missing.

    Raises:
        DataDirectoryUnusable: it cannot be made, or this user may not write into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise DataDirectoryUnusable(
            f"the data directory {folder} cannot be made: {_file_in(folder)} is a file; name "
            "another directory by --data"
        ) from error
    except OSError as error:
        raise DataDirectoryUnusable(
            f"the data directory {folder} cannot be made ({error.strerror}); make it and give it "
            f"to user {_user()}, or name another one by --data"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataDirectoryUnusable(
            f"user {_user()} may not write into the data directory {folder}; run the agent as its "
            "owner, or name another one by --data"
        )


def _file_in(folder: Path) -> Path:
    """Return the part of a path that is no directory."""
    return next(each for each in (*reversed(folder.parents), folder) if each.is_file())


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
