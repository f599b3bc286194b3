"""Signing in: what people get, and what somebody who guesses does not."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from pilotline_api.accounts import passwords
from pilotline_api.accounts.models import Role, SignInSession
from pilotline_api.accounts.rate_limit import SignInLimiter
from pilotline_api.accounts.repository import organisation_of_client
from pilotline_api.accounts.service import set_user
from pilotline_api.accounts.sessions import COOKIE, IDLE, LONGEST
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.secrets import digest
from tests.api.live.running import RunningApi

PASSWORD = "correct horse battery"


pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def email(api: RunningApi) -> str:
    """Somebody with a password, whom nobody has tried to sign in as yet."""
    api.app.state.sign_in_limiter = SignInLimiter()
    address = "kim@nordbeton.example"
    with api.services.database.writing() as session:
        organisation = organisation_of_client(session, "nordbeton")
        assert organisation is not None
        set_user(
            session,
            organisation=organisation,
            name="Kim",
            email=address,
            role=Role.CUSTOMER,
            password=PASSWORD,
            now=utc_now(),
        )
    return address


def sign_in(browser: httpx.Client, email: str, password: str = PASSWORD) -> httpx.Response:
    return browser.post("/session", json={"email": email, "password": password})


def test_a_person_signs_in_and_out_again(api: RunningApi, email: str) -> None:
    browser = api.client()

    answer = sign_in(browser, email.upper())
    assert answer.status_code == 200
    user = answer.json()["user"]
    assert (user["name"], user["email"], user["role"]) == ("Kim", email, "customer")
    assert user["organisation"]["name"] == "Nordbeton"
    assert browser.get("/session").json() == answer.json()

    assert browser.delete("/session").status_code == 204
    assert browser.get("/session").status_code == 401


def test_signing_out_ends_the_session_for_a_stolen_cookie_too(api: RunningApi, email: str) -> None:
    browser = api.client()
    sign_in(browser, email)
    stolen = api.client(browser.cookies[COOKIE])
    assert stolen.get("/session").status_code == 200

    browser.delete("/session")

    assert stolen.get("/session").status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(api: RunningApi, email: str) -> None:
    cookie = sign_in(api.client(), email).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_the_database_holds_no_token(api: RunningApi, email: str) -> None:
    browser = api.client()
    sign_in(browser, email)
    token = browser.cookies[COOKIE]

    with api.services.database.reading() as session:
        hashes = session.scalars(select(SignInSession.token_hash)).all()

    assert token not in hashes
    assert digest(token) in hashes


def test_a_wrong_password_and_an_unknown_address_answer_alike(api: RunningApi, email: str) -> None:
    wrong = sign_in(api.client(), email, "wrong")
    unknown = sign_in(api.client(), "nobody@nordbeton.example", "wrong")

    assert wrong.status_code == unknown.status_code == 401
    first, second = wrong.json(), unknown.json()
    first.pop("request_id")
    second.pop("request_id")
    assert first == second
    assert first["code"] == "wrong_credentials"


def test_an_unknown_address_costs_as_much_work_as_a_wrong_password(
    api: RunningApi, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    hasher = passwords._hasher()

    def counted(password: str, password_hash: str) -> tuple[bool, str | None]:
        hashed.append(password)
        return hasher.verify_and_update(password, password_hash)

    class Counting:
        verify_and_update = staticmethod(counted)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    sign_in(api.client(), email, "wrong")
    sign_in(api.client(), "nobody@nordbeton.example", "wrong")

    assert hashed == ["wrong", "wrong"]


def test_the_sixth_attempt_in_a_minute_has_to_wait(api: RunningApi, email: str) -> None:
    answers = [sign_in(api.client(), email, "wrong") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["code"] == "too_many_requests"
    assert sign_in(api.client(), email).status_code == 429


def test_a_claimed_forwarding_address_buys_no_attempts(api: RunningApi, email: str) -> None:
    answers = [
        api.client(**{"X-Forwarded-For": f"192.0.2.{number}"}).post(
            "/session", json={"email": f"{number}@nordbeton.example", "password": "x"}
        )
        for number in range(31)
    ]

    assert {answer.status_code for answer in answers[:30]} == {401}
    assert answers[30].status_code == 429
    assert sign_in(api.client(), email).status_code == 429


def test_signing_in_rightly_forgets_the_attempts_before(api: RunningApi, email: str) -> None:
    for _ in range(3):
        for _ in range(4):
            assert sign_in(api.client(), email, "wrong").status_code == 401
        assert sign_in(api.client(), email).status_code == 200


def expiry(api: RunningApi, token: str) -> SignInSession:
    with api.services.database.reading() as session:
        return session.get_one(SignInSession, digest(token))


def age(api: RunningApi, token: str, *, by: timedelta) -> None:
    with api.services.database.writing() as session:
        found = session.get_one(SignInSession, digest(token))
        found.created_at -= by
        found.expires_at -= by


def test_use_extends_a_session_and_disuse_ends_it(api: RunningApi, email: str) -> None:
    browser = api.client()
    sign_in(browser, email)
    token = browser.cookies[COOKIE]

    age(api, token, by=timedelta(hours=6))
    assert browser.get("/session").status_code == 200
    assert expiry(api, token).expires_at > utc_now() + IDLE - timedelta(minutes=1)

    age(api, token, by=IDLE)
    assert browser.get("/session").status_code == 401


def test_no_use_extends_a_session_beyond_a_week(api: RunningApi, email: str) -> None:
    browser = api.client()
    sign_in(browser, email)
    token = browser.cookies[COOKIE]
    with api.services.database.writing() as session:
        session.get_one(SignInSession, digest(token)).created_at -= LONGEST - timedelta(hours=1)

    assert browser.get("/session").status_code == 200

    assert expiry(api, token).expires_at < utc_now() + IDLE
    age(api, token, by=timedelta(hours=13))
    assert browser.get("/session").status_code == 401


def test_a_new_password_ends_the_sessions_of_the_old_one(api: RunningApi, email: str) -> None:
    browser = api.client()
    sign_in(browser, email)
    with api.services.database.writing() as session:
        organisation = organisation_of_client(session, "nordbeton")
        assert organisation is not None
        set_user(
            session,
            organisation=organisation,
            name="Kim",
            email=email,
            role=Role.CUSTOMER,
            password="another horse",
            now=utc_now(),
        )

    assert browser.get("/session").status_code == 401
    assert sign_in(api.client(), email).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"email": "a@b.dk"},
        {"email": "a@b.dk", "password": ""},
        {"email": "a@b.dk", "password": "x" * 2000},
        {"email": "a\0@b.dk", "password": "x"},
        {"email": "a@b.dk", "password": "x", "role": "administrator"},
    ],
)
def test_malformed_credentials_name_the_field(api: RunningApi, body: dict[str, str]) -> None:
    answer = api.client().post("/session", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] in {"/email", "/password", "/role"}
