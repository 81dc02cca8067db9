"""What the dialects share: a view that speaks in a dialect's casing, versions and errors, and ids under other prefixes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from ulid import ULID

from config.api.auth import require_scope
from config.api.errors import refused_by
from config.api.flow.files import open_link
from config.api.headers import style_of
from config.api.inflection import inbound, outbound
from config.api.views import CONTENT_TYPES, ApiView
from documents.services import find_document
from flows.errors import Refused
from verifications.services import find_verification

if TYPE_CHECKING:
    from documents.models import Document
    from flows.models import ApiToken
    from verifications.models import Verification


@dataclass(frozen=True, slots=True)
class Dialect:
    """``error_body`` renders a refusal, ``status_of`` says with which status (our own where it is None). ``version_header`` names a date or ''."""

    name: str
    title: str
    error_body: Callable[[Refused], dict[str, Any]]
    error_schema: Mapping[str, Any]
    status_of: Callable[[Refused], int | None] = lambda _: None
    style: str = "snake"
    version_header: str = ""
    content_types: tuple[str, ...] = field(default=CONTENT_TYPES)


class DialectView(ApiView):
    """``about`` holds the ids that an answer is about, for answers kept under an idempotency key."""

    dialect: ClassVar[Dialect]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.default_style = self.dialect.style  # type: ignore[attr-defined]
        self.content_types = self.dialect.content_types  # type: ignore[misc]
        self.about: dict[str, str] = {}
        if "verification" in kwargs:
            kwargs["verification"] = native_id(kwargs["verification"])
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        asked = request.headers.get(self.dialect.version_header) if self.dialect.version_header else None
        if asked is not None and not _is_known_date(asked):
            raise Refused("unknown_api_version", f"{self.dialect.version_header} is the date of a version, such as 2026-02-01.")

    def body(self) -> Any:
        """Members are understood in any casing."""
        return inbound(inbound(super().body(), "kebab"), "camel")

    def get_exception_handler(self) -> Callable[[Exception, Mapping[str, Any]], Response]:
        return self._refuse

    def _refuse(self, error: Exception, context: Mapping[str, Any]) -> Response:
        ours = refused_by(error)
        status = self.dialect.status_of(ours) or ours.status
        # A refusal may be one object for every request: it is not ours to change.
        refusal = Refused(ours.code, ours.message, status=status, extra=ours.extra, errors=ours.errors, headers=ours.headers)
        return Response(self.dialect.error_body(refusal), status=status, headers=refusal.headers)

    def styled(self, request: Request, response: Response) -> Any:
        return outbound(response.data, style_of(request))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        finished = super().finalize_response(request, response, *args, **kwargs)
        if name := self.dialect.version_header:
            asked = request.headers.get(name, self.pinned_version)
            if _is_known_date(asked):
                finished[name] = asked
        return finished

    def subjects(self, body: Any) -> dict[str, str]:
        return {"verification": "", "document": "", **self.about}

    def case(self, verification_id: str) -> Verification:
        """Raises Refused("verification_not_found")."""
        return self.note(find_verification(caller=self.caller, verification_id=native_id(verification_id)))

    def note(self, case: Verification) -> Verification:
        """The answer is about ``case``."""
        self.about["verification"] = case.pk
        return case

    def may(self, scope: str) -> bool:
        """Whether the token carries a scope beyond the one that let it in."""
        return scope in cast("ApiToken", self.request.auth).scopes

    def require(self, scope: str) -> None:
        """Raises Refused("missing_scope") where what was sent takes a scope beyond the one that let it in."""
        require_scope(self.request, scope)

    def found_document(self, document_id: str) -> Document:
        """Raises Refused("document_not_found")."""
        return self.note_document(find_document(caller=self.caller, document_id=document_id))

    def note_document(self, document: Document) -> Document:
        """The answer is about ``document``."""
        self.about |= {"document": document.pk, "verification": document.verification_id}
        return document


def _is_known_date(text: str) -> bool:
    """Versions are in force from their date on, so that every past day names one."""
    try:
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None and date.fromisoformat(text) <= datetime.now(UTC).date()
    except ValueError:
        return False


def native_id(text: str) -> str:
    """``ses_X``, ``inq_X`` and ``case_X`` are ``ver_X``."""
    return re.sub(r"\A(ses|inq|case)_", "ver_", text)


def under(prefix: str, pk: str) -> str:
    """``ver_X`` as ``prefix_X``."""
    return f"{prefix}_{pk.partition('_')[2]}"


def uuid_of(pk: str) -> str:
    """The ULID in an id as a UUID: the same 128 bits, so that nothing has to be kept to find the way back."""
    return str(ULID.from_str(pk.partition("_")[2].upper()).to_uuid())


def id_of(prefix: str, uuid: UUID | str) -> str:
    """The way back; what is no UUID gives an id that nothing has."""
    try:
        return f"{prefix}_{str(ULID.from_uuid(UUID(str(uuid)))).lower()}"
    except ValueError:
        return f"{prefix}_"


class NotOffered(DialectView):
    """An endpoint of the vendor's that this service has nothing to answer with."""

    scopes: ClassVar = dict.fromkeys(("get", "post", "patch", "delete"), "verifications:read")
    sentence = "This is not offered here."
    code = "not_offered"

    def get(self, request: Request, **ids: str) -> Response:
        raise Refused(self.code, self.sentence, status=501)

    post = patch = delete = get


def not_offered(dialect: Dialect, sentence: str, *, code: str = "not_offered") -> Callable[..., HttpResponse]:
    """A view that says why."""
    named: Any = type("NotOfferedThere", (NotOffered,), {"dialect": dialect, "sentence": sentence, "code": code, "schema": None})
    view: Callable[..., HttpResponse] = named.as_view()
    return view


def signed_file(request: HttpRequest, token: str, filename: str | None = None) -> HttpResponseBase:
    """A file by its signed link, without a key; a name at its end must be the file's."""
    return open_link(request, token, filename)
