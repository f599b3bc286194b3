"""Session file: a machine's session on disk, for the agent's next process."""

import json
import os
from pathlib import Path
from urllib.parse import quote

import structlog

from pilotline_edge.resumption.former import FormerSession

log = structlog.get_logger("pilotline.edge")


class SessionFile:
    """Keeps one machine's session in a file that only the agent's user can read.

    asyncua keeps token and nonce of a session (`Client.session_state_path`) but none of its
    subscriptions, so whoever takes the session up cannot tell whose values arrive.

    Characteristics
        bounded: one file a machine, rewritten when the session or its items change
        durable: through a kill; after a power cut it may be old or gone, and then the session is
            made anew and the loss declared
        secret: mode 0600 from its first byte; its content is never logged
    """

    def __init__(self, folder: Path, machine: str) -> None:
        self._machine = machine
        self._path = folder / f"{quote(machine, safe='')}.json"
        self._kept: FormerSession | None = None

    def keep(self, former: FormerSession) -> None:
        """Replace what is kept; a disk that takes nothing costs only the resumption."""
        if former == self._kept:
            return
        draft = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(former.to_json(), file)
            draft.replace(self._path)
        except OSError as error:
            log.warning("edge.session_not_kept", machine=self._machine, reason=str(error))
            self.forget()
            return
        self._kept = former

    def recall(self) -> FormerSession | None:
        """Return what an agent before left, or None."""
        try:
            return FormerSession.from_json(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = f"{self._path.name} cannot be read: {type(error).__name__}"
            log.warning("edge.session_not_recalled", machine=self._machine, reason=reason)
            return None

    def forget(self) -> None:
        """Keep nothing: the session is over."""
        self._kept = None
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("edge.session_not_forgotten", machine=self._machine, reason=str(error))
