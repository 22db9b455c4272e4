"""The seam: an answer that is decided, and whose body is ready to be sent."""

from __future__ import annotations

from collections.abc import Iterable


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
