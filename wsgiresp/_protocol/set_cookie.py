"""Set-Cookie (RFC 6265bis): name prefixes, attributes and values, refused where browsers would drop them.

No clock here: an expiry is a moment, or a number of seconds that the browser counts.
"""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote

from werkzeug.http import dump_cookie, http_date, parse_date

from .header_validation import TOKEN
from .locations import ascii_host

# The longer one first. RFC 6265bis, Section 4.1.3, has the two without "Http"; Chrome acts on the other two as well.
_PREFIXES = ("__Host-Http-", "__Host-", "__Http-", "__Secure-")
_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}
_DELETED = "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"
_FIRST_YEAR = 1601  # RFC 6265bis, Section 5.1.1: an earlier date is ignored, so the cookie would stay for the session
_LARGEST_AGE = 2**63 - 1  # seconds; what 64 bits hold, sys.maxsize included, which stands for "for ever" in some code
_LONGEST_PATH = 1024  # octets; RFC 6265bis, Section 5.6: a longer attribute is ignored

_NOT_IN_PATH = re.compile(r"[\x00-\x1f;\x7f-\x9f\ud800-\udfff]")
_PATH_SAFE = "%!$&'()*+,/:=@"  # as dump_cookie has it

# Of the three formats of RFC 9110, Section 5.6.7, and of those that differ in the zone, as email.utils.formatdate().
_DATE_OUTLINE = re.compile(r"[A-Z][a-z]{2,8},? [A-Za-z0-9: \-]{15,20}(?: (?:GMT|UTC|[+\-][0-9]{4}))?")

# dump_cookie escapes C0 controls up to 0x19 only; 0x1F was meant.
_UNESCAPED = {control: f"\\{control:03o}" for control in range(0x1A, 0x20)}


def set_cookie_value(
    key: str,
    value: str = "",
    *,
    max_age: float | timedelta | None = None,
    expires: datetime | str | None = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: str | None = "lax",
    partitioned: bool = False,
    max_size: int = 4093,
) -> str:
    """Return the text of ``Set-Cookie`` for the cookie *key*, with the attributes that are given and no other.

    *value*: any text; what a cookie cannot hold is quoted, as werkzeug and ``http.cookies`` do. *max_age*: seconds, cut
    to whole ones; 0 and less delete. *expires*: a moment, UTC if naive, or an HTTP date. *path*, *domain*: ``None`` and
    ``""`` leave the attribute out; a leading dot is dropped. *samesite*: strict, lax or none, in any case. A text over
    *max_size* octets is warned of, 0 warns never.

    Raises ``ValueError`` for what cannot be said or what browsers ignore: a *key* that is no token, a *path* that does
    not begin with a slash or holds ``;`` or a control, a *domain* that is no host name, a year before 1601,
    ``samesite="none"`` or *partitioned* without *secure*, a prefixed name without what its prefix demands (RFC 6265bis,
    Sections 4.1.3 and 5.7); ``TypeError`` for a wrong type.
    """
    key = key if type(key) is str else _exact("cookie name", key)
    value = value if type(value) is str else _exact(f"value of cookie {key!r}", value)
    attributes = _attributes(key, _prefix(key), path, domain, secure, httponly, samesite, partitioned)
    try:
        text = dump_cookie(
            key,
            value,
            None if max_age is None else _whole_seconds(key, max_age),
            None if expires is None else _date(key, expires),
            None,
            sync_expires=False,
            max_size=0,
        )
    except UnicodeEncodeError:
        raise ValueError(f"value of cookie {key!r} must not hold a lone surrogate, got {value!r}") from None
    if not value.isprintable():
        text = text.translate(_UNESCAPED)
    text += attributes
    if len(text) > max_size > 0:
        message = f"cookie {key!r} is too large: {len(text)} octets, and browsers may drop what is over {max_size}"
        warnings.warn(message, stacklevel=3)
    return text


def deletion_value(
    key: str,
    *,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: str | None = "lax",
    partitioned: bool = False,
) -> str:
    """Return the text of ``Set-Cookie`` that makes browsers forget the cookie *key* of that *path* and *domain*.

    What browsers demand of the prefix, of *partitioned* and of ``samesite="none"`` is set by itself, or they would
    ignore the deletion. Raises as :func:`set_cookie_value` does, for a ``__Host-`` name with another *path* or a
    *domain* too.
    """
    key = key if type(key) is str else _exact("cookie name", key)
    prefix = _prefix(key)
    if prefix or partitioned or (samesite is not None and _same_site(key, samesite) == "None"):
        secure = True
    if "Http" in prefix:
        httponly = True
    return f"{key}={_DELETED}{_attributes(key, prefix, path, domain, secure, httponly, samesite, partitioned)}"


def _attributes(
    key: str,
    prefix: str,
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: str | None,
    partitioned: bool,
) -> str:
    """Return the attributes that set and delete have in common, each with ``"; "`` before it."""
    if samesite is not None:
        samesite = "Lax" if samesite == "lax" else _same_site(key, samesite)
    if type(path) is not str or path != "/":
        path = _path(key, path)
    if domain is not None:
        domain = _domain(key, domain)
    if prefix:
        _require_prefix_met(key, prefix, secure, httponly, path, domain)
    if not secure and (partitioned or samesite == "None"):
        raise ValueError(f"cookie {key!r} must be secure, since it is partitioned or has samesite='none'")
    text = f"; Domain={domain}" if domain else ""
    if secure:
        text += "; Secure"
    if httponly:
        text += "; HttpOnly"
    if path:
        text += f"; Path={path}"
    if samesite is not None:
        text += f"; SameSite={samesite}"
    if partitioned:
        text += "; Partitioned"
    return text


def _exact(subject: str, text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{subject} must be a str, got {text!r}")
    # The characters themselves: format() of a str subclass, an Enum say, may give others.
    return str.__str__(text)


@lru_cache(maxsize=1024)
def _prefix(key: str) -> str:
    """Return the prefix with a meaning that *key* begins with, in any case as for browsers, or ``""``."""
    if TOKEN.fullmatch(key) is None:
        raise ValueError(f"cookie name must be a token (RFC 6265bis, Section 4.1.1), got {key!r}")
    folded = key.lower()
    return next((prefix for prefix in _PREFIXES if folded.startswith(prefix.lower())), "")


def _require_prefix_met(
    key: str, prefix: str, secure: bool, httponly: bool, path: str | None, domain: str | None
) -> None:
    if not secure:
        raise ValueError(f"cookie {key!r} must be secure, since its name begins with {prefix}")
    if "Http" in prefix and not httponly:
        raise ValueError(f"cookie {key!r} must be httponly, since its name begins with {prefix}")
    if "Host" in prefix and (path != "/" or domain is not None):
        raise ValueError(
            f"cookie {key!r} must have path='/' and no domain, since its name begins with {prefix},"
            f" got path={path!r} and domain={domain!r}"
        )


def _same_site(key: str, samesite: str) -> str:
    known = _SAME_SITE.get(_exact(f"samesite of cookie {key!r}", samesite).lower())
    if known is None:
        raise ValueError(f"samesite of cookie {key!r} must be 'strict', 'lax', 'none' or None, got {samesite!r}")
    return known


def _path(key: str, path: str | None) -> str | None:
    path = None if path is None else _exact(f"path of cookie {key!r}", path)
    if not path:
        return None
    if not path.startswith("/"):
        # RFC 6265bis, Section 5.6.4: the default path would take its place, which is the directory of the request.
        raise ValueError(f"path of cookie {key!r} must begin with '/', got {path!r}")
    forbidden = _NOT_IN_PATH.search(path)
    if forbidden is not None:
        raise ValueError(f"path of cookie {key!r} must not hold {forbidden[0]!r}, got {path!r}")
    quoted = quote(path, safe=_PATH_SAFE)
    if len(quoted) > _LONGEST_PATH:
        raise ValueError(f"path of cookie {key!r} must be at most {_LONGEST_PATH} octets, got {len(quoted)}")
    return quoted


def _domain(key: str, domain: str) -> str | None:
    subject = f"domain of cookie {key!r}"
    domain = _exact(subject, domain)
    if not domain:
        return None
    host = ascii_host(subject, domain.removeprefix("."))
    if host.endswith("."):
        raise ValueError(f"{subject} must not end with a dot: browsers ignore it (RFC 6265, 4.1.2.3), got {domain!r}")
    return host


def _whole_seconds(key: str, max_age: float | timedelta) -> int:
    if isinstance(max_age, timedelta):
        max_age = max_age.total_seconds()
    if not isinstance(max_age, (int, float)) or isinstance(max_age, bool):
        raise TypeError(f"max_age of cookie {key!r} must be seconds or a timedelta, got {max_age!r}")
    if not -_LARGEST_AGE <= max_age <= _LARGEST_AGE:  # so for NaN too
        raise ValueError(f"max_age of cookie {key!r} must be at most 64 bits of seconds, got {max_age!r}")
    return int(max_age)


def _date(key: str, expires: datetime | str) -> str:
    if not isinstance(expires, (datetime, str)):
        raise TypeError(f"expires of cookie {key!r} must be a datetime or an HTTP date, got {expires!r}")
    try:
        moment = _utc(expires)
    except OverflowError:
        moment = None
    if moment is None or moment.year < _FIRST_YEAR:
        raise ValueError(
            f"expires of cookie {key!r} must be a date of HTTP (RFC 9110, Section 5.6.7) from {_FIRST_YEAR} to 9999,"
            f" got {expires!r}"
        )
    return http_date(moment)


def _utc(expires: datetime | str) -> datetime | None:
    moment = expires
    if isinstance(moment, str):
        # parse_date passes over what it does not understand, so the outline is checked before.
        parsed = parse_date(moment) if _DATE_OUTLINE.fullmatch(moment) else None
        if parsed is None:
            return None
        moment = parsed
    return moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment.astimezone(UTC)
