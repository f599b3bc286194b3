"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request, Response, status

from pilotline_api.accounts import service
from pilotline_api.accounts.access import CurrentPerson
from pilotline_api.accounts.rate_limit import SignInLimiter
from pilotline_api.accounts.schemas import Credentials, SessionView, session_view
from pilotline_api.accounts.sessions import COOKIE, LONGEST, close_session
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.services import ServicesNeeded

router = APIRouter(tags=["session"])


def _limiter(request: Request) -> SignInLimiter:
    limiter = request.app.state.sign_in_limiter
    assert isinstance(limiter, SignInLimiter)  # noqa: S101 - Starlette's state is untyped
    return limiter


@router.post("/session", summary="Sign in")
def sign_in(
    credentials: Credentials,
    request: Request,
    response: Response,
    services: ServicesNeeded,
    limiter: Annotated[SignInLimiter, Depends(_limiter)],
) -> SessionView:
    """Check credentials and set the session cookie."""
    address = request.client.host if request.client else "unknown"
    limiter.attempt(credentials.email, address)
    person, token = service.sign_in(
        services.database, credentials.email, credentials.password.get_secret_value(), utc_now()
    )
    limiter.succeeded(credentials.email)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=services.settings.secure_cookies,
    )
    return session_view(person)


@router.get("/session", summary="Who is signed in")
def read_session(person: CurrentPerson) -> SessionView:
    """Return the signed-in user."""
    return session_view(person)


@router.delete("/session", summary="Sign out", status_code=status.HTTP_204_NO_CONTENT)
def sign_out(
    response: Response,
    services: ServicesNeeded,
    pilotline_session: Annotated[str | None, Cookie()] = None,
) -> None:
    """End the session; signing out twice is no error."""
    if pilotline_session:
        with services.database.writing() as session:
            close_session(session, pilotline_session)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
