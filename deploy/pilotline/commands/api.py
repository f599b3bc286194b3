"""`pilotline api`: serves the HTTP API and its worker, and looks after their database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pilotline_api.demo.seeding import Seeded
    from pilotline_api.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)

PlantFile = Annotated[Path, typer.Option("--plant", help="Plant file.")]
Data = Annotated[Path, typer.Option("--data", help="Directory of the embedded stores.")]
HistorianUrl = Annotated[
    str | None,
    typer.Option("--historian", help="sqlite:///FILE or influxdb://HOST:PORT/BUCKET."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

DATA = Path("pilotline-data")


@app.callback()
def api() -> None:
    """Serve the HTTP API and its worker; further settings are PILOTLINE_… variables."""


@app.command()
def serve(
    plant: PlantFile,
    data: Data = DATA,
    historian: HistorianUrl = None,
    live: Annotated[
        str | None,
        typer.Option(
            help="MQTT broker to read live values from, mqtt(s)://HOST[:PORT]\\[/PREFIX]; where "
            "several replicas serve, each reads them there."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 8000,
) -> None:
    """Serve the API and the pages until told to stop."""
    from pilotline_api.app import create_app
    from pilotline_api.kit.logs import log_as_json
    from pilotline_api.live.server import server

    log_as_json()
    with _explained():
        settings = _settings(plant, data, historian, live, host=host, port=port)
        server(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            trusted_proxies=settings.trusted_proxies,
        ).run()


@app.command()
def worker(plant: PlantFile, data: Data = DATA, historian: HistorianUrl = None) -> None:
    """Run solves until told to stop; one that runs then keeps its best plan."""
    from pilotline_api.kit.logs import log_as_json
    from pilotline_api.solves.worker import run_worker

    log_as_json()
    with _explained():
        run_worker(_settings(plant, data, historian))


@app.command()
def migrate(plant: PlantFile, data: Data = DATA, historian: HistorianUrl = None) -> None:
    """Bring the database to the newest revision."""
    from contextlib import closing

    from pilotline_api.kit.database import Database
    from pilotline_api.migrations import migrate as bring_up

    with _explained():
        settings = _settings(plant, data, historian)
        with closing(Database(settings.database)) as database:
            bring_up(database)


@app.command("create-user")
def create_user(
    email: Annotated[str, typer.Argument(help="What the person signs in with.")],
    plant: PlantFile,
    name: Annotated[str, typer.Option(help="What others read.")],
    role: Annotated[
        str, typer.Option(help="operator, planner, engineer, administrator or customer.")
    ],
    data: Data = DATA,
    client: Annotated[
        str | None, typer.Option(help="Client id of a customer; none for staff.")
    ] = None,
    password: Annotated[
        str,
        typer.Option(
            prompt=True, confirmation_prompt=True, hide_input=True, envvar="PILOTLINE_PASSWORD"
        ),
    ] = "",
) -> None:
    """Make a user, or give one a new password, name and role and end the sessions."""
    from contextlib import closing

    from pilotline_api.accounts.creation import NewUser, create
    from pilotline_api.kit.database import Database
    from pilotline_plant.reading import read_plant

    with _explained():
        settings = _settings(plant, data, None)
        wanted = NewUser.model_validate(
            {"email": email, "name": name, "role": role, "client": client, "password": password}
        )
        with closing(Database(settings.database)) as database:
            create(database, read_plant(settings.plant), wanted)
    typer.echo(f"{email} can sign in as {role}")


@app.command()
def demo(
    plant: PlantFile,
    data: Data = DATA,
    historian: HistorianUrl = None,
    solve_seconds: Annotated[
        float | None,
        typer.Option(min=1, help="Plan for this long and publish, if nothing is published."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make demo logins with fresh passwords and, where there are none, trial runs."""
    from contextlib import closing

    from pilotline_api.demo.seeding import seed_demo
    from pilotline_api.kit.database import Database
    from pilotline_plant.reading import read_plant

    with _explained():
        settings = _settings(plant, data, historian)
        with closing(Database(settings.database)) as database:
            seeded = seed_demo(
                settings, read_plant(settings.plant), database, solve_s=solve_seconds
            )
    _show(seeded, as_json=as_json)


def _show(seeded: "Seeded", *, as_json: bool) -> None:
    logins = [
        {
            "role": login.person.role,
            "organisation": login.person.organisation_name,
            "email": login.person.email,
            "password": login.password,
        }
        for login in seeded.logins
    ]
    if as_json:
        answer = {"logins": logins, "trial_runs": seeded.runs, "solve": seeded.solve}
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    for login in logins:
        typer.echo("\t".join(login.values()))


def _settings(
    plant: Path,
    data: Path,
    historian: str | None,
    live: str | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
) -> "Settings":
    from pilotline_api.settings import Settings

    data.mkdir(parents=True, exist_ok=True)
    given: dict[str, Any] = {"historian_url": historian} if historian else {}
    if live:
        given["live_url"] = live
    return Settings(plant=plant, data=data, host=host, port=port, **given)


@contextmanager
def _explained() -> Iterator[None]:
    """Tell what a person can mend in one sentence instead of a stack."""
    from pydantic import ValidationError

    from pilotline_api.errors import ApiError
    from pilotline_historian import HistorianError
    from pilotline_plant import PlantError

    try:
        yield
    except (ApiError, HistorianError, PlantError, ValidationError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
