"""One running API for the tests of a module, and what PostgreSQL needs."""

from pilotline_api.kit.logs import log_as_json
from tests.api.hashing import cheap_hashes
from tests.api.live.fixtures import api, module_api
from tests.api.postgres import postgres_server, postgres_url

__all__ = ["api", "cheap_hashes", "module_api", "postgres_server", "postgres_url"]

# As in earnest: the default renderer draws tracebacks so lavishly that it holds up the event loop.
log_as_json()
