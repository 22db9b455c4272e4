"""JSON encoder (RFC 8259) for what applications return: dates, decimals, models, iterators. By simplejson, or orjson.

Both are first given the content as it is. What they refuse takes the slow way of ``json_walk``, on which a method of
the content, such as ``for_json()``, may be called again.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Literal, Self

import simplejson

from wsgiresp._protocol.json_types import decimal_number, stand_in, unwrapped
from wsgiresp._protocol.json_walk import Default, Walk

try:
    from wsgiresp._protocol.json_orjson import orjson_dumps
except ImportError:
    orjson_dumps = None  # type: ignore[assignment]  # orjson is not installed

_BLANKS = re.compile(r"[ \t\n\r]*")  # RFC 8259, Section 2: ws


def json_encoder(
    *,
    indent: int | str | None = None,
    sort_keys: bool = False,
    ensure_ascii: bool = False,
    separators: tuple[str, str] | None = None,
    nan: Literal["null", "error"] = "null",
    default: Default | None = None,
) -> JSONEncoder:
    """Return an encoder with these options.

    *indent*, *sort_keys*, *ensure_ascii* and *separators* mean what they do to ``json.dumps``; the separators are
    ``(",", ":")``, with an indent ``(",", ": ")``. *nan* is what becomes of a ``float`` or ``Decimal`` that is not
    finite, and of a missing time or value of pandas and numpy (``NaT``, ``NA``): null, or a ``ValueError``. *default*
    is called, once for each, with the values that are not JSON serializable otherwise; it returns one that is, or
    raises ``TypeError``.

    Raises ``ValueError`` for blanks or separators with which the output would not be JSON.
    """
    return JSONEncoder(
        indent=indent,
        sort_keys=sort_keys,
        ensure_ascii=ensure_ascii,
        separators=separators,
        nan=nan,
        default=default,
    )


def _for_simplejson(value: Any) -> object:
    return decimal_number(value, simplejson.RawJSON) if type(value) is Decimal else stand_in(value)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class JSONEncoder:
    """How content becomes JSON. Immutable, and safe to use from many threads and greenlets at once.

    *indent*, *sort_keys*, *ensure_ascii*, *separators*, *nan* and *default* are those of :func:`json_encoder`.
    """

    indent: int | str | None = None
    sort_keys: bool = False
    ensure_ascii: bool = False
    separators: tuple[str, str] | None = None
    nan: Literal["null", "error"] = "null"
    default: Default | None = None
    _chunks: Callable[[object], Iterable[str]] = dataclasses.field(init=False, repr=False, compare=False)
    _walk: Walk = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check()
        separators = (",", ":") if self.indent is None else (",", ": ")
        encoder = simplejson.JSONEncoder(
            indent=self.indent,
            sort_keys=self.sort_keys,
            ensure_ascii=self.ensure_ascii,
            separators=self.separators or separators,
            ignore_nan=self.nan == "null",
            allow_nan=False,
            default=_for_simplejson,
            use_decimal=False,  # up to simplejson 4.0 a Decimal that is not finite came out as NaN under all options
            namedtuple_as_object=False,  # or every container is asked for _asdict, which takes as long as the rest
            check_circular=False,  # the limit of recursion finds a circle too
            encoding=None,  # type: ignore[arg-type]  # bytes are refused, not decoded
        )
        # The way to set fields of a frozen dataclass.
        object.__setattr__(self, "_chunks", encoder.iterencode)
        object.__setattr__(self, "_walk", Walk(nan_is_error=self.nan == "error", default=self.default))

    def _check(self) -> None:
        if isinstance(self.indent, int) and self.indent < 0:
            raise ValueError(f"indent must not be negative, got {self.indent!r}")
        if isinstance(self.indent, str) and _BLANKS.fullmatch(self.indent) is None:
            raise ValueError(f"indent must be of blanks only, got {self.indent!r}")
        if self.separators is not None and [mark.strip(" \t\n\r") for mark in self.separators] != [",", ":"]:
            raise ValueError(f"separators must be a comma and a colon, blanks aside, got {self.separators!r}")
        if self.nan not in ("null", "error"):
            raise ValueError(f'nan must be "null" or "error", got {self.nan!r}')
        if self.default is not None and not callable(self.default):
            raise TypeError(f"default must be callable, got {self.default!r}")

    def replace(self, **options: Any) -> Self:
        """Return an encoder with these *options* changed; they are those of ``json_encoder``."""
        return dataclasses.replace(self, **options)

    def encode(self, content: object) -> bytes:
        """Return *content* as JSON in UTF-8.

        Raises ``TypeError`` for what is not JSON serializable and, with ``nan="error"``, ``ValueError`` for a number
        that is not finite and for a missing value; both say where it is (``items[3].owner``). Raises ``ValueError`` for
        content that is circular or nested too deeply.
        """
        try:
            return self._bytes(content)
        except (TypeError, ValueError, RecursionError):
            pass  # and out of the handler, so that no trace of this attempt hangs on what is raised below
        try:
            content = unwrapped(content)  # a LocalProxy has the methods of an iterator, whatever it stands for
            if not isinstance(content, Iterator):
                return self._bytes(self._walk.plain(content))
        except RecursionError:
            raise ValueError("Circular reference detected, or content is nested too deeply for JSON") from None
        return self.encode(list(content))  # most often of plain rows, which need no walk

    def _bytes(self, content: object) -> bytes:
        # A lone surrogate has no UTF-8, but Python's escape for it is JSON's too (RFC 8259, Section 7).
        return "".join(self._chunks(content)).encode("utf-8", "backslashreplace")


_default_encoder = json_encoder()


def orjson_encode(content: object) -> bytes:
    """Return *content* as a JSON document equal to that of ``json_encoder().encode``, written by orjson if it can.

    Raises what that raises, and ``ImportError`` where orjson is not installed.
    """
    if orjson_dumps is None:
        raise ImportError("orjson is not installed: pip install wsgiresp[orjson]")
    try:
        return orjson_dumps(content)
    except TypeError as error:
        cause = error.__cause__
    # The end of a greenlet, a timeout, a Ctrl-C: orjson makes a TypeError of it. (The first 3.9 puts texts there too.)
    if isinstance(cause, BaseException) and not isinstance(cause, Exception):
        raise cause
    try:
        content = unwrapped(content)
    except RecursionError:
        return _default_encoder.encode(content)  # which raises ValueError for a proxy of itself
    return orjson_encode(list(content)) if isinstance(content, Iterator) else _default_encoder.encode(content)
