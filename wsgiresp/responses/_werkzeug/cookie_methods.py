"""``set_cookie`` and ``delete_cookie`` with Starlette's parameters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from wsgiresp._protocol.set_cookie import deletion_value, set_cookie_value
from wsgiresp.responses._werkzeug.body import WerkzeugBody

SameSite = Literal["lax", "strict", "none"]


class CookieMethods(WerkzeugBody):
    """``set_cookie`` and ``delete_cookie``."""

    def set_cookie(  # type: ignore[override]  # samesite has Starlette's type
        self,
        key: str,
        value: str = "",
        max_age: timedelta | int | float | None = None,
        expires: datetime | str | int | float | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: SameSite | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Add a cookie (RFC 6265bis); several calls are several ``Set-Cookie`` fields.

        *key*: a token. *value*: any text; what a cookie cannot hold is quoted and escaped. *max_age*: seconds, or a
        timedelta. *expires*: a datetime (UTC where it is naive), an HTTP date, or seconds from now. *path* and
        *domain*: where the browser sends it to. *secure*: by HTTPS alone. *httponly*: not shown to scripts. *samesite*:
        None leaves it to the browser. *partitioned*: a jar for each site that embeds this one.

        Raises ``ValueError`` for what a browser would drop or take for something else: a key that is no token, ``;`` or
        a control character in *path* or *domain*, ``__Secure-`` without *secure*, ``__Host-`` without *secure* and
        ``path="/"`` or with a *domain*, ``samesite="none"`` or *partitioned* without *secure*.
        """
        if isinstance(expires, (int, float)):
            expires = _from_now(expires)
        text = set_cookie_value(
            key,
            value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
            max_size=self.max_cookie_size,
        )
        self._field_list().append(("Set-Cookie", text))

    def delete_cookie(  # type: ignore[override]  # samesite has Starlette's type
        self,
        key: str,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: SameSite | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Make the browser forget the cookie *key* that was set with the same *path* and *domain*.

        *secure*, *httponly*, *samesite* and *partitioned* are as in :meth:`set_cookie`. What a browser demands of a
        prefixed name, of *partitioned* and of ``samesite="none"`` is set by itself. Raises as that does.
        """
        text = deletion_value(
            key,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )
        self._field_list().append(("Set-Cookie", text))


def _from_now(seconds: float) -> datetime:
    if isinstance(seconds, bool):
        raise TypeError(f"expires must be a datetime, an HTTP date, or seconds from now, got {seconds!r}")
    try:
        return datetime.now(UTC) + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise ValueError(f"expires must be a date that a datetime can hold, got {seconds!r} s from now") from None
