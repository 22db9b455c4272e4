"""``RedirectResponse``: a Location that browsers read as it was meant."""

from __future__ import annotations

from collections.abc import Collection

from wsgiresp._protocol.locations import location
from wsgiresp._types import Background, HeaderFields

from .base import Response


class RedirectResponse(Response):
    """An answer that sends the client to *url*, any object whose ``str()`` is a URL, an IRI, or a relative reference.

    *status_code* is 201 or 3xx other than 304. With *allowed_hosts*, a collection of ``host`` or ``host:port``, the
    target must be on this site or on one of these: give it whenever *url* comes from the request. What is relative
    stays so: no URL is ever built from ``Host``.

    *headers* and *background* are as for :class:`Response`. Raises ``ValueError`` for another status, for control
    characters and blanks at the ends, for a scheme that is not in ``allowed_schemes`` (a subclass adds an app's own),
    and for a target off *allowed_hosts*; ``TypeError`` for a ``str`` in the place of a collection.
    """

    allowed_schemes: Collection[str] = ("http", "https")

    def __init__(
        self,
        url: object,
        status_code: int = 307,
        headers: HeaderFields | None = None,
        background: Background | None = None,
        *,
        allowed_hosts: Collection[str] | None = None,
    ) -> None:
        super().__init__(None, status_code, headers, None, background)
        code = self.status_code
        if code != 201 and (code // 100 != 3 or code == 304):
            raise ValueError(f"status_code of a redirect must be 201 or 3xx other than 304, got {status_code!r}")
        target = location(url, allowed_schemes=self.allowed_schemes, allowed_hosts=allowed_hosts)
        if headers is None:
            self._field_list().append(("Location", target))
        else:
            self.headers["Location"] = target
