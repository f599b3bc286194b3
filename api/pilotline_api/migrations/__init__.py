"""Alembic migrations, inside the wheel, and the function that runs them.

One chain for the whole room; a revision's id is its file name, such as ``0002_alarms``.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from pilotline_api.kit.database import Database

_MIGRATION_LOCK = 0x6D696772617465


def configuration() -> Config:
    """Return Alembic's configuration for the packaged migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def migrate(database: Database) -> None:
    """Bring a database to the newest revision; processes that start together take turns."""
    config = configuration()
    with database.migrating() as connection:
        if database.backend == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
