"""Who asks, and the transaction that sees no more than they may.

Endpoints take what they need by annotation::

    def list_alarms(person: StaffNeeded, session: ReadSession) -> list[AlarmView]: ...
    def acknowledge(person: OperatorNeeded, session: WriteSession) -> AlarmView: ...

`WriteSession` commits when the endpoint returns, before the answer is sent, and rolls back when it
raises. Use both from plain ``def`` endpoints, which run in a thread. Streams must not hold a
session: take ``services.database.reading()`` for as long as a query takes.
"""

from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from pilotline_api.accounts.models import STAFF, Role
from pilotline_api.accounts.person import Person
from pilotline_api.accounts.sessions import COOKIE, person_of
from pilotline_api.errors import Forbidden, NotSignedIn
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.services import ServicesNeeded


def current_person(request: Request, services: ServicesNeeded) -> Person:
    """Return who is signed in.

    Raises:
        NotSignedIn: nobody is, or the session has ended.
    """
    token = request.cookies.get(COOKIE)
    person = person_of(services.database, token, utc_now()) if token else None
    if person is None:
        msg = "Nobody is signed in; POST /api/v1/session first."
        raise NotSignedIn(msg)
    return person


CurrentPerson = Annotated[Person, Depends(current_person)]


def require_role(*roles: Role) -> Callable[[Person], Person]:
    """Return a dependency that lets only these roles through; administrators always pass."""
    allowed = frozenset(roles) | {Role.ADMINISTRATOR}

    def person_with_role(person: CurrentPerson) -> Person:
        if person.role not in allowed:
            names = ", ".join(sorted(allowed))
            msg = f"This needs one of the roles {names}; yours is {person.role}."
            raise Forbidden(msg)
        return person

    return person_with_role


require_staff = require_role(*STAFF)

StaffNeeded = Annotated[Person, Depends(require_staff)]
"""Anyone of the institute."""
PlannerNeeded = Annotated[Person, Depends(require_role(Role.PLANNER))]
OperatorNeeded = Annotated[
    Person, Depends(require_role(Role.OPERATOR, Role.PLANNER, Role.ENGINEER))
]
BookerNeeded = Annotated[Person, Depends(require_role(Role.CUSTOMER, Role.PLANNER))]


def _reading(person: CurrentPerson, services: ServicesNeeded) -> Iterator[Session]:
    with services.database.reading(person.scope) as session:
        yield session


def _writing(person: CurrentPerson, services: ServicesNeeded) -> Iterator[Session]:
    with services.database.writing(person.scope) as session:
        yield session


ReadSession = Annotated[Session, Depends(_reading, scope="function")]
WriteSession = Annotated[Session, Depends(_writing, scope="function")]
