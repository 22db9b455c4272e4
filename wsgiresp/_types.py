"""Types that cross the layers: what arguments take, and ``Prepared``, the answer that is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse as StartResponse
    from _typeshed.wsgi import WSGIEnvironment as WSGIEnvironment

HeaderFields: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"
"""What a ``headers=`` argument takes: a mapping, or pairs that may repeat a name."""

Background: TypeAlias = "Callable[[], object]"
"""What a ``background=`` argument takes: a BackgroundTask, BackgroundTasks, or any callable without arguments."""

Callback: TypeAlias = Callable[[], object]
"""What is called later, without arguments; what it returns is not looked at."""

Around: TypeAlias = Callable[[], AbstractContextManager[object] | AbstractAsyncContextManager[object]]
"""A callable that returns a context manager for the steps of a source, or for a task: see ``around``."""


class Prepared:
    """What ``prepare(environ)`` returns: everything that needed the request is decided, what must be open is open.

    ``status``: the status line of PEP 3333; ``headers``: pairs that belong to the caller; ``body``: the iterable to
    hand to the server, this very object, since a server knows its own file wrapper by its type. Whoever prepared an
    answer and then drops it calls :meth:`close`.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: str, headers: list[tuple[str, str]], body: Iterable[bytes]) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def status_code(self) -> int:
        """The code of the status line."""
        return int(self.status[:3])

    def close(self) -> None:
        """Close the body: its source is closed and its tasks are run, as if the server had done it."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()


def send(prepared: Prepared, start_response: StartResponse) -> Iterable[bytes]:
    """Return the body of *prepared* once the server was given its status and headers; closed where that raises.

    A body with the method ``note_answered`` is told that the server was given them.
    """
    try:
        start_response(prepared.status, prepared.headers)
    except BaseException:
        prepared.close()
        raise
    body = prepared.body
    if type(body) is not tuple:  # known bodies are tuples, and the lookup would cost 3 % of an answer to HEAD
        note_answered: Callback | None = getattr(body, "note_answered", None)
        if note_answered is not None:
            note_answered()
    return body
