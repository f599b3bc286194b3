"""What can go wrong in the API, and how a caller meets it.

::

    ApiError
    ├── Problem                    answered as application/problem+json (RFC 9457)
    │   ├── NotSignedIn            401  nobody is signed in, or the credentials are wrong
    │   ├── Forbidden              403  the role may not do this, or the request is cross-site
    │   ├── NotFound               404  no such object, or one of another organisation
    │   ├── Conflict               409  the state of things forbids it; `code` says why
    │   ├── PreconditionFailed     412  If-Match names a version that is no longer the newest
    │   ├── ContentTooLarge        413  the body is larger than the API reads
    │   ├── Unprocessable          422  a field is wrong; `errors` lists every one
    │   ├── PreconditionRequired   428  If-Match is missing
    │   ├── TooManyRequests        429  wait `Retry-After` seconds
    │   └── Unavailable            503  a part the answer needs is out of reach
    ├── PlanRefusedError           a plan breaks rules of its own problem; it is never stored
    ├── UnknownClientError         the plant has no such client
    ├── DatabaseUrlError           the database URL cannot be understood
    └── BrokerAddressError         live values cannot be read from where they should be
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


class ApiError(Exception):
    """Base of every error of this room; catch it to catch them all."""


class DatabaseUrlError(ApiError):
    """The database URL cannot be understood, or names a database that is not supported."""


class BrokerAddressError(ApiError):
    """A broker's address cannot be understood, or must not be used so."""


class PlanRefusedError(ApiError):
    """A plan breaks rules of its own problem; it is never stored."""


class UnknownClientError(ApiError):
    """The plant has no such client."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field.

    Attributes:
        pointer: JSON pointer into the body, or ``?name`` for a query parameter.
        code: machine-readable reason.
        message: what is wrong, one sentence.
    """

    pointer: str
    code: str
    message: str


class Problem(ApiError):  # noqa: N818 - the word of RFC 9457
    """An error that a caller meets as a problem document.

    Attributes:
        status: HTTP status.
        code: machine-readable reason, stable across releases.
        title: the kind of problem, the same for every instance of `code`.
        detail: this instance: what, the offending value, what to do.
        errors: wrong fields.
        headers: further response headers.
        members: further members of the document, such as the machine of a busy interval.
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "The server made a mistake"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.members = dict(members or {})


class NotSignedIn(Problem):
    """Nobody is signed in, or the credentials are wrong."""

    status = 401
    default_code = "not_signed_in"
    title = "Sign in first"


class Forbidden(Problem):
    """The signed-in user's role may not do this, or the request comes from another site."""

    status = 403
    default_code = "forbidden"
    title = "Not allowed"


class NotFound(Problem):
    """No such object; an object of another organisation answers exactly the same."""

    status = 404
    default_code = "not_found"
    title = "Not found"

    def __init__(self) -> None:
        super().__init__("There is no such object, or it is not yours to see.")


class Conflict(Problem):
    """The state of things forbids the change."""

    status = 409
    default_code = "conflict"
    title = "In conflict with the present state"


class PreconditionFailed(Problem):
    """If-Match names a version that is no longer the newest."""

    status = 412
    default_code = "stale"
    title = "Changed by someone else meanwhile"


class ContentTooLarge(Problem):
    """The body is larger than the API reads."""

    status = 413
    default_code = "content_too_large"
    title = "The body is too large"


class Unprocessable(Problem):
    """A field is wrong."""

    status = 422
    default_code = "invalid"
    title = "Some fields are wrong"


class PreconditionRequired(Problem):
    """If-Match is missing."""

    status = 428
    default_code = "if_match_required"
    title = "If-Match is required"


class TooManyRequests(Problem):
    """The caller asks too often."""

    status = 429
    default_code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class Unavailable(Problem):
    """A part the answer needs is out of reach."""

    status = 503
    default_code = "unavailable"
    title = "Out of reach for the moment"

    def __init__(self, detail: str, *, retry_after_s: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})
