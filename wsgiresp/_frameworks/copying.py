"""Copies of a response that a framework may change, so that the view's own object stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from wsgiresp._protocol.header_validation import Field
from wsgiresp._runtime.close_order import ClosingBody
from wsgiresp._runtime.server_profile import with_file_wrapper
from wsgiresp._types import Prepared
from wsgiresp.background import BodyWithTask
from wsgiresp.responses.base import Response

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment


class FileToWrap(NamedTuple):
    """A body for the server's own file wrapper: the *file*, and the bytes to read at a time."""

    file: Any
    block: int


def simple_answer(response: Response, *, is_head: bool = False) -> tuple[str, list[Field], bytes] | None:
    """Return status line, fields and body of *response*; None where there is more to its answer.

    *is_head*: whether it answers HEAD, for which an empty body may announce the length that GET's would have.

    Raises ``ValueError`` where its headers announce another length than it has.
    """
    fields = response._fields
    body = response._body
    if (
        body is None
        or response.background is not None
        or response.autocorrect_location_header
        or not response._is_prepared_plainly
    ):
        return None
    fields = response._plain_fields(body) if fields is None else response._settled_fields(fields, len(body), is_head)
    return response._status, fields, body


def environ_without_wrapper(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Return *environ* for :meth:`Response.prepare`, for frameworks that call the server's file wrapper themselves.

    The body is then a :class:`FileToWrap` where the server's wrapper is to have it.
    """
    return with_file_wrapper(environ, FileToWrap)


def prepared_copy(
    response: Response,
    environ: WSGIEnvironment,
    change: Callable[[Response], object],
    prepare: Callable[[Response, WSGIEnvironment], Prepared] = lambda response, environ: response.prepare(environ),
) -> tuple[Response, Prepared]:
    """Return a copy of *response* that is prepared for the request of *environ*, and what was prepared.

    *change* is called with the copy before that, *prepare* does it. Raises what :meth:`Response.prepare` raises.
    """
    inner = response.__copy__()
    change(inner)
    prepared = prepare(inner, environ)
    # What can be sent only once was sent by its copy.
    response._is_spent = inner._is_spent
    return inner, prepared


def known_bytes(body: Iterable[bytes]) -> bytes | None:
    """Return the whole of a prepared *body*, None where only sending it gives it."""
    chunks = body.chunks if isinstance(body, ClosingBody | BodyWithTask) else body
    return b"".join(chunks) if isinstance(chunks, tuple) else None
