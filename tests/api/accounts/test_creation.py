"""Users made by whoever runs the line: with a home, a role and a password worth the name."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import ValidationError

from pilotline_api.accounts.creation import NewUser, create
from pilotline_api.accounts.models import Role
from pilotline_api.accounts.service import sign_in
from pilotline_api.errors import NotSignedIn, UnknownClientError
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database
from pilotline_plant import Plant
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant

pytestmark = pytest.mark.usefixtures("cheap_hashes")

KIM = {
    "email": "Kim@Nordbeton.example",
    "name": "Kim",
    "role": "customer",
    "client": "nordbeton",
    "password": "a long enough one",
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path}/line.sqlite")) as opened:
        yield opened


@pytest.fixture(scope="module")
def plant() -> Plant:
    return read_plant(example_plant("bench"))


def made(database: Database, plant: Plant, **changes: str | None) -> None:
    create(database, plant, NewUser.model_validate(KIM | changes))


def test_a_customer_belongs_to_a_client_and_staff_to_the_institute(
    database: Database, plant: Plant
) -> None:
    made(database, plant)
    made(database, plant, email="ada@institute.example", role="administrator", client=None)

    kim, _ = sign_in(database, "kim@nordbeton.example", KIM["password"], utc_now())
    ada, _ = sign_in(database, "ada@institute.example", KIM["password"], utc_now())
    assert (kim.role, kim.client) == (Role.CUSTOMER, "nordbeton")
    assert (ada.role, ada.client) == (Role.ADMINISTRATOR, None)


def test_making_a_user_again_changes_role_and_password(database: Database, plant: Plant) -> None:
    made(database, plant)
    made(database, plant, password="quite another one", name="Kim K.")

    with pytest.raises(NotSignedIn):
        sign_in(database, KIM["email"], KIM["password"], utc_now())
    person, _ = sign_in(database, KIM["email"], "quite another one", utc_now())
    assert person.name == "Kim K."


def test_an_unknown_client_is_told_with_those_there_are(database: Database, plant: Plant) -> None:
    with pytest.raises(UnknownClientError, match="nordbeton, fjordform"):
        made(database, plant, client="nobody")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client": None}, "needs a client"),
        ({"role": "planner"}, "nobody else has one"),
        ({"password": "short"}, "12"),
        ({"role": "king"}, "role"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_half_a_user_is_refused(changes: dict[str, str | None], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        NewUser.model_validate(KIM | changes)
