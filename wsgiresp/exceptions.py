"""``HTTPException``, which a view raises to answer, and the error of a response model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from werkzeug.exceptions import HTTPException as WerkzeugHTTPException
from werkzeug.exceptions import default_exceptions

from wsgiresp._protocol.header_validation import extend, pairs
from wsgiresp._protocol.status import parse
from wsgiresp._types import HeaderFields
from wsgiresp.responses import JSONResponse
from wsgiresp.responses._werkzeug.derived_class import derived_class

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

__all__ = ["HTTPException", "ResponseValidationError"]


class HTTPException(WerkzeugHTTPException):
    """An answer of *status_code* to raise: ``{"detail": detail}`` as JSON, with *headers*, as in FastAPI.

    *detail* is any content that JSONResponse takes; None stands for the phrase of the status. *headers*: a mapping, or
    pairs that may repeat a name.

    It is werkzeug's exception too, and by its code that of werkzeug's classes: one of 404 is a ``NotFound``, so what
    catches that catches this. Like those it is a WSGI callable.

    Raises ``ValueError`` for a status or a header that HTTP does not allow.
    """

    status_code: int
    detail: Any
    headers: HeaderFields | None

    _by_code: ClassVar[dict[int, type[Any]]] = {}
    _own: ClassVar[type[Any] | None] = None  # what a class of _by_code was made of

    def __init__(self, status_code: int, detail: Any = None, headers: HeaderFields | None = None) -> None:
        line, code = parse(status_code)
        # Not in __new__: a subclass has arguments of its own, and tells the status only here.
        self.__class__ = type(self)._of_code(code)
        self.status_code = code
        self.detail = line[4:] if detail is None else detail
        if headers is not None and not isinstance(headers, Mapping):
            headers = list(headers)
        extend([], headers or ())
        self.headers = headers
        # By name: werkzeug's classes have it at different places, and attributes that their handlers ask for.
        super().__init__(description=detail if isinstance(detail, str) else None)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._by_code = {}

    @classmethod
    def _of_code(cls, code: int) -> type[Any]:
        """Return the subclass for *code*: Flask finds a handler by the class and by its attribute ``code``."""
        own = cls._own or cls
        made = own._by_code.get(code)
        if made is not None:
            return made
        kind = default_exceptions.get(code, WerkzeugHTTPException)
        bases = (own,) if issubclass(own, kind) else (own, kind)
        return derived_class(own._by_code, code, own, bases, code=code, _own=own)

    def get_response(  # type: ignore[override]  # werkzeug's has overloads for its two kinds of response
        self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None
    ) -> Any:
        """Return the answer: a JSONResponse, or the ``response`` that somebody has put on the exception.

        *environ* and *scope* are werkzeug's, and change nothing.
        """
        if self.response is not None:
            return self.response
        return JSONResponse({"detail": self.detail}, self.status_code, self.headers)

    def get_body(self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None) -> str:
        """Return the document, as text; *environ* and *scope* change nothing."""
        return JSONResponse({"detail": self.detail}).get_data(as_text=True)

    def get_headers(
        self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None
    ) -> list[tuple[str, str]]:
        """Return the fields of the answer, but for its length; *environ* and *scope* change nothing."""
        given = [(name, str(value)) for name, value in pairs(self.headers or ())]
        return [("Content-Type", "application/json"), *given]

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        # A class made by _of_code() cannot be found by its name.
        return _restore, (self._own, self.status_code, self.args, self.__dict__)

    def __str__(self) -> str:
        return f"{self.status_code} {self.name}: {self.detail}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(status_code={self.status_code!r}, detail={self.detail!r})"


def _restore(own: type[HTTPException], code: int, args: tuple[Any, ...], state: dict[str, Any]) -> HTTPException:
    restored: HTTPException = own.__new__(own._of_code(code))
    restored.args = args
    restored.__dict__.update(state)
    return restored


class ResponseValidationError(Exception):
    """What a view returned is not what its ``response_model`` says: a mistake of the view, no matter what was asked.

    *errors*: pydantic's list. Not pydantic's own error, which an application may answer with a 422 as the client's
    mistake.
    """

    def __init__(self, errors: list[Any]) -> None:
        super().__init__(errors)
        self._errors = errors

    def errors(self) -> list[Any]:
        """Return pydantic's list of what is wrong, and where."""
        return self._errors

    def __str__(self) -> str:
        lines = [f"{_place(error['loc'])}: {error['msg']}" for error in self._errors]
        return "the view returned what its response_model does not allow: " + "; ".join(lines)


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in location) or "content"
