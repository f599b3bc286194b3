"""The database is made by migrations, and they make what the code expects."""

from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from pilotline_api.kit.database import Database
from pilotline_api.migrations import configuration, migrate
from pilotline_api.models import METADATA


def differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))


def test_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/line.sqlite")) as database:
        migrate(database)
        assert differences(database) == []


def test_migrations_make_what_the_models_say_on_postgresql(postgres_url: str) -> None:
    with closing(Database(postgres_url)) as database:
        migrate(database)
        assert differences(database) == []


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/line.sqlite")) as database:
        migrate(database)
        migrate(database)
        assert differences(database) == []


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_every_migration_can_be_taken_back(
    tmp_path: Path, backend: str, request: pytest.FixtureRequest
) -> None:
    url = (
        f"sqlite:///{tmp_path}/line.sqlite"
        if backend == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    with closing(Database(url)) as database:
        migrate(database)
        config = configuration()
        with database.migrating() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
        assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
        migrate(database)
        assert differences(database) == []


def test_processes_that_start_together_migrate_in_turn(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/line.sqlite"
    failed: list[BaseException] = []

    def start() -> None:
        try:
            with closing(Database(url)) as database:
                migrate(database)
        except BaseException as error:
            failed.append(error)
            raise

    together = [Thread(target=start) for _ in range(4)]
    for each in together:
        each.start()
    for each in together:
        each.join()

    assert failed == []
