"""Targets of ``Location``: a URI reference in ASCII, read by browsers as it was meant. ``Host`` is never used.

Nothing here goes through ``urlsplit``: it drops tabs and line ends and knows no backslash, browsers do, and an open
redirect lives where the two differ.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote

_LONGEST = 16384  # characters, more than any URL in use; what is longer is refused before a look at its characters

# The reserved characters of RFC 3986, Section 2.2, and "%": what is percent-encoded already stays as it is.
_SAFE = ":/%#?=@[]!$&'()*+,;"

# One slash, no second, and nothing to encode: the target of most redirects. Possessive, so a mismatch costs one pass.
_PLAIN_PATH = re.compile(r"/(?!/)[A-Za-z0-9\-._~:/%#?=@\[\]!$&'()*+,;]*+")

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# RFC 3986, Appendix B, with the narrower scheme of its Section 3.1, as browsers have it: scheme, authority, the rest.
_REFERENCE = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*:|)(//[^/?#]*|)(.*)")
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::([0-9]{0,5}))?")

# RFC 1123, Section 2.1, and the underscore and the hyphen at an end, which are in use and harmless.
_HOST_NAME = re.compile(r"(?:[A-Za-z0-9_\-]{1,63}\.)*[A-Za-z0-9_\-]{1,63}\.?")
_LONGEST_NAME = 253  # octets; RFC 1035, Section 2.3.4, without the length octets
_LONG_LABEL = re.compile("[^.\u3002\uff0e\uff61]{64}")  # between the dots of RFC 3490, Section 3.1

# Python's codec is IDNA 2003, browsers follow UTS 46, and these lead to another host (fass.de, xn--fa-hia.de).
_AMBIGUOUS = re.compile("[\u00df\u03c2\u1e9e\u200c\u200d]")


def location(
    url: object,
    *,
    allowed_schemes: Collection[str] = ("http", "https"),
    allowed_hosts: Collection[str] | None = None,
) -> str:
    """Return ``str(url)`` as the text of a ``Location`` field: ASCII without controls and blanks, relative if it was.

    What no URI may hold is percent-encoded, a host outside ASCII becomes IDNA (RFC 3987, Section 3.1).
    *allowed_hosts* holds ``host`` or ``host:port``, compared whole and without regard to case: a target must then be
    on this site, or have its whole authority in there.

    Raises ``ValueError`` for more than 16384 characters, for a control character, a lone surrogate or a blank at an
    end, for a scheme not in *allowed_schemes*, for ``http:`` and ``https:`` without ``//`` and a host (RFC 9110,
    Section 4.2.1), for what is no authority, and for a target that *allowed_hosts* does not allow; ``TypeError`` for
    ``None`` and bytes, and for a ``str`` in place of a collection.
    """
    # The characters of a str: one of a subclass, an Enum say, may have a str() of its own.
    text = str.__str__(url if isinstance(url, str) else str(url))
    if len(text) > _LONGEST:
        raise ValueError(f"url must be at most {_LONGEST} characters, got {len(text)} that begin {text[:40]!r}")
    if allowed_hosts is not None:
        _require_collection("allowed_hosts", allowed_hosts)
    if _PLAIN_PATH.fullmatch(text) is not None:
        return text

    _require_text(url, text)
    scheme, authority, rest = _REFERENCE.findall(text)[0]
    _require_destination(scheme, authority, allowed_schemes, text)
    if authority not in ("", "//"):
        authority = "//" + _ascii_authority("url", authority[2:])
    if allowed_hosts is not None and not _stays(scheme, authority, rest, allowed_hosts):
        raise ValueError(f"url must stay on this site or on one of {sorted(allowed_hosts)}, got {text!r}")
    uri = f"{scheme}{authority}{quote(rest, safe=_SAFE)}"
    if len(uri) > _LONGEST:
        raise ValueError(f"url must be at most {_LONGEST} characters encoded, got {len(uri)} from {text[:40]!r}...")
    return uri


def reference(text: str) -> str:
    """Return *text*, a URI or an IRI, as a URI reference in ASCII, wherever it leads (RFC 3987, Section 3.1).

    Raises ``ValueError`` for a host outside ASCII that is no host name, and for a lone surrogate.
    """
    scheme, authority, rest = _REFERENCE.findall(text)[0]
    try:
        if not authority.isascii():
            authority = "//" + _ascii_authority("Location", authority[2:])
        return f"{scheme}{authority}{quote(rest, safe=_SAFE)}"
    except UnicodeEncodeError:
        raise ValueError(f"Location must not hold a lone surrogate, got {text!r}") from None


def ascii_host(subject: str, host: str) -> str:
    """Return *host* in ASCII: an ASCII name as it is, another by IDNA (RFC 3490, Section 4). A final dot may stand.

    Raises ``ValueError``, its message beginning with *subject*, for what is no host name, and for a name that IDNA 2003
    takes to another host than browsers do: that one must be given in its ``xn--`` form.
    """
    name = host
    # Both lengths before the codec, which is slow: milliseconds for a label that is too long anyway.
    if not host.isascii() and len(host) <= _LONGEST_NAME and _LONG_LABEL.search(host) is None:
        if _AMBIGUOUS.search(host) is not None:
            raise ValueError(f"{subject} must have its host in the xn-- form, since IDNA versions differ, got {host!r}")
        try:
            name = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError(f"{subject} must have a host name that IDNA can encode, got {host!r}") from error
    if len(name) > _LONGEST_NAME or _HOST_NAME.fullmatch(name) is None:
        raise ValueError(f"{subject} must have a host name (RFC 1123, Section 2.1), got {host!r}")
    return name


def _require_collection(argument: str, strings: Collection[str]) -> None:
    if isinstance(strings, (str, bytes)) or not all(isinstance(one, str) for one in strings):
        raise TypeError(f"{argument} must be a collection of str, got {strings!r}")


def _require_text(url: object, text: str) -> None:
    if url is None or isinstance(url, (bytes, bytearray, memoryview)):
        raise TypeError(f"url must be a str, or have a str() that is a URL, got {url!r}")
    forbidden = _FORBIDDEN.search(text)
    if forbidden is not None:
        raise ValueError(f"url must not hold the control character or surrogate {forbidden[0]!r}, got {text!r}")
    if text.strip(" ") != text:
        raise ValueError(f"url must not begin or end with a blank, got {text!r}")


def _require_destination(scheme: str, authority: str, allowed_schemes: Collection[str], text: str) -> None:
    if scheme:
        _require_collection("allowed_schemes", allowed_schemes)
        name = scheme[:-1].lower()
        if name not in {allowed.lower() for allowed in allowed_schemes}:
            raise ValueError(
                f"url must be relative or have a scheme of {sorted(allowed_schemes)}, got {text!r}: to allow another,"
                f" set allowed_schemes in a subclass of RedirectResponse"
            )
        # To browsers https:a.example, https:/a.example and https:///a.example all lead to a.example.
        hostless = name in ("http", "https") and authority in ("", "//")
    else:
        hostless = authority == "//"
    if hostless:
        raise ValueError(f"url must have a host right after '//' (RFC 9110, Section 4.2.1), got {text!r}")


def _ascii_authority(subject: str, authority: str) -> str:
    userinfo, at, host_and_port = authority.rpartition("@")
    if "@" in userinfo or "\\" in userinfo:
        # To browsers a backslash ends the authority: what stands before it is the host and not the user.
        raise ValueError(f"{subject} must have neither '@' nor a backslash in its userinfo, got {authority!r}")
    match = _HOST_AND_PORT.fullmatch(host_and_port)
    if match is None or int(match[2] or 0) > 65535:
        raise ValueError(f"{subject} must have an authority of a host and an optional port, got {authority!r}")
    host = match[1]
    if host.startswith("["):
        try:
            IPv6Address(host[1:-1])
        except AddressValueError:
            raise ValueError(f"{subject} must have an IPv6 address within its brackets, got {authority!r}") from None
    else:
        host = ascii_host(subject, host)
    return f"{quote(userinfo, safe=_SAFE)}{at}{host}{host_and_port[match.end(1) :]}"


def _stays(scheme: str, authority: str, rest: str, allowed_hosts: Collection[str]) -> bool:
    """Return whether a browser on this site ends there or on one of *allowed_hosts*.

    To browsers a backslash is a slash, and two slashes begin an authority (WHATWG URL, relative slash state).
    """
    if not authority:
        return not scheme and rest[:2] not in ("/\\", "\\/", "\\\\")
    allowed = {_ascii_authority("allowed_hosts", host).lower() for host in allowed_hosts}
    return "@" not in authority and authority[2:].lower() in allowed
