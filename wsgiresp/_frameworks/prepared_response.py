"""Response that is prepared before it is called, so that the hooks of a framework see and change its answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from werkzeug.wrappers import Response as WerkzeugResponse

from wsgiresp._frameworks.copying import prepared_copy
from wsgiresp._protocol.content import without_content
from wsgiresp._protocol.status import BODILESS
from wsgiresp._runtime.close_order import ClosingBody, Step, run_each
from wsgiresp._types import Prepared, send
from wsgiresp.responses._werkzeug.derived_class import derived_class
from wsgiresp.responses.base import Response
from wsgiresp.responses.close_steps import close_steps

if TYPE_CHECKING:
    from wsgiresp._types import StartResponse, WSGIEnvironment


def needs_preparation(response: Response) -> bool:
    """Return whether *response* has anything to decide or to open, or a body that can be sent only once."""
    return not (response._is_prepared_plainly and response.is_sequence)


def prepare_for_hooks(
    response: Response, environ: WSGIEnvironment, change: Callable[[Response], object]
) -> PreparedResponse:
    """Return a copy of *response* that is prepared for the request of *environ*, the only one that it answers.

    *change* is called with a copy before that. Raises what :meth:`Response.prepare` raises.
    """
    inner, prepared = prepared_copy(response, environ, change)
    # Another copy: the end of what was prepared is told by the one that prepared it.
    outer: Any = inner.__copy__()
    outer.__class__ = _prepared_class(type(inner))
    prepared_response = cast(PreparedResponse, outer)
    prepared_response._take(prepared)
    return prepared_response


class PreparedResponse(Response):
    """The answer to one request, prepared: its status, fields and body are there for hooks to see and to change.

    What was prepared is closed in the end, whatever hooks put in its place: by the server's ``close()`` on the body, or
    by :meth:`drop`.
    """

    _prepared: Prepared
    _is_called = False

    def prepare(self, environ: WSGIEnvironment) -> Prepared:
        """Return the answer as it was prepared, with what was changed since.

        Raises ``RuntimeError`` where it was called before.
        """
        if self._is_called:
            raise RuntimeError("this answer to one request was sent already: make a response for each request")
        prepared = self._prepared
        if self._response is not prepared.body:
            another = self._prepare_unfolded(environ)
            return Prepared(another.status, another.headers, ClosingBody(another.body, [another.close, prepared.close]))
        fields = self._field_list().copy()
        body: Iterable[bytes] = prepared.body
        code = self.status_code
        if code in BODILESS and code != prepared.status_code:
            return Prepared(self._status, without_content(fields, code), ClosingBody((), self._ending()))
        if self._on_close or self.background is not None:
            body = ClosingBody(body, self._ending())
        return Prepared(self._status, fields, body)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request (PEP 3333), once."""
        prepared = self.prepare(environ)
        self._is_called = True
        return send(prepared, start_response)

    def drop(self) -> None:
        """Close what was prepared and run its tasks, unless the response was called."""
        if not self._is_called:
            self._is_called = True
            run_each(self._ending())

    def end_with(self, other: WerkzeugResponse) -> None:
        """Close what was prepared once *other* is closed, which goes out instead and may have taken the body over."""
        if self._is_called:
            return
        self._is_called = True
        if isinstance(other, Response) or not other.direct_passthrough:
            other.call_on_close(functools.partial(run_each, self._ending()))
        elif other.response is not self._response:
            # Werkzeug's own calls nothing on close where it passes its body through: the server closes that alone.
            run_each(self._ending())

    def _take(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._status = prepared.status
        self._fields = prepared.headers
        self.__dict__.pop("_headers", None)  # a view of the fields before
        self._body, self._response = None, prepared.body
        self._on_close, self.background, self._is_spent = [], None, False

    def _ending(self) -> list[Step]:
        return close_steps(self, self._prepared.close)


_classes: dict[type[Any], type[Any]] = {}


def _prepared_class(own: type[Any]) -> type[Any]:
    return derived_class(_classes, own, own, (PreparedResponse, own))
