"""Mutable headers of a response: werkzeug's ``Headers``, with header validation on every change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, overload

from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequestKeyError
from werkzeug.http import dump_options_header

from .header_validation import Field, field, lowered, pairs


class Headers(WerkzeugHeaders):
    """Header fields in their order, a name may stand more than once; names are found without regard to case.

    *defaults*: a mapping, pairs, or other headers, to begin with.

    Everything of :class:`werkzeug.datastructures.Headers`, with Starlette's :meth:`append` and
    :meth:`add_vary_header`. Each way to put a field in raises ``ValueError`` for a name or value that HTTP or WSGI
    forbids, and leaves the fields as they were.
    """

    _list: list[Field]

    @classmethod
    def over(cls, fields: list[Field]) -> Self:
        """Return headers that are a view of *fields*, which are validated already; a change in one is seen in both."""
        headers = cls.__new__(cls)
        headers._list = fields
        return headers

    @overload
    def __getitem__(self, key: str) -> str: ...
    @overload
    def __getitem__(self, key: int) -> Field: ...
    @overload
    def __getitem__(self, key: slice) -> Self: ...
    def __getitem__(self, key: str | int | slice) -> str | Field | Self:
        """Return the value of the first field *key*; with a position or a slice, the pair or the headers there.

        Raises ``KeyError`` where there is none, and not werkzeug's, which Flask answers by a 400: that the response
        lacks a header is no mistake of the client.
        """
        try:
            return super().__getitem__(key)
        except BadRequestKeyError:
            raise KeyError(key) from None

    if TYPE_CHECKING:
        pass  # pop() has the types of the base class, in four overloads
    else:

        def pop(self, *place, **default):
            """Remove and return the last pair, the pair at a position, or the value of the first field of a name.

            Without a default it raises ``KeyError`` for a name that is not there, as an item does.
            """
            try:
                return super().pop(*place, **default)
            except BadRequestKeyError:
                raise KeyError(*place) from None

    def add(self, key: str, value: Any, /, **kwargs: Any) -> None:
        """Add the field *key* with *value*, beside those of its name; keyword arguments become parameters of it."""
        self._list.append(_with_parameters(key, value, kwargs))

    def append(self, key: str, value: str) -> None:
        """Add the field *key* with *value*, beside those of its name: Starlette's word for :meth:`add`."""
        self.add(key, value)

    def set(self, key: str, value: Any, /, **kwargs: Any) -> None:
        """Put *key* with *value* in the place of all of its name; keyword arguments become parameters of it."""
        new = _with_parameters(key, value, kwargs)
        lower = new[0].lower()
        fields = self._list
        # Not by super(), which checks the value again: 0.8 us, as much as the rest.
        for index, (name, _) in enumerate(fields):
            if name.lower() == lower:
                fields[index:] = [new, *(known for known in fields[index + 1 :] if known[0].lower() != lower)]
                return
        fields.append(new)

    def setlist(self, key: str, values: Iterable[Any]) -> None:
        """Put a field *key* for each of *values* in the place of all of its name."""
        lowered(key)
        # All are checked before the first is set: a refused one must not leave half of them behind.
        super().setlist(key, [field(key, value)[1] for value in values])

    def extend(self, arg: Any = None, /, **kwargs: Any) -> None:
        """Add the fields of *arg*, a mapping, pairs, or other headers, and those of the keyword arguments."""
        self._list.extend([field(*pair) for source in (arg, kwargs) if source for pair in pairs(source)])

    def update(self, arg: Any = None, /, **kwargs: Any) -> None:
        """Replace the fields named in *arg*, a mapping, pairs, or other headers, and in the keyword arguments."""
        # In one pass: werkzeug's method looks through all fields once for each name.
        given: dict[str, list[Field]] = {}
        for source in (arg, kwargs):
            if source:
                given |= _by_name(source)
        first = {key: fields[:1] for key, fields in given.items()}
        kept: list[Field] = []
        for known in self._list:
            key = known[0].lower()
            if key in given:
                # The first value takes the place of the first field of its name.
                kept += first.pop(key, ())
            else:
                kept.append(known)
        for key, fields in given.items():
            kept += fields if key in first else fields[1:]
        self._list[:] = kept

    def __setitem__(self, key: Any, value: Any) -> None:
        """Like :meth:`set`; with a position or a slice, put a pair or pairs there."""
        if isinstance(key, int):
            self._list[key] = field(*value)
        elif isinstance(key, slice):
            self._list[key] = [field(*pair) for pair in value]
        else:
            self.set(key, value)

    def add_vary_header(self, vary: str) -> None:
        """Add the field names in *vary* (separated by commas) to ``Vary``, each once; ``*`` stands for all of them.

        RFC 9110, Section 12.5.5.
        """
        if not isinstance(vary, str):
            raise TypeError(f"vary must be a str, got {vary!r}")
        names: dict[str, str] = {}
        for text in (*self.getlist("Vary"), vary):
            for name in text.split(","):
                if name := name.strip(" \t"):
                    names.setdefault(name.lower(), name)
        self.set("Vary", "*" if "*" in names else ", ".join(names.values()))


def _by_name(source: Any) -> dict[str, list[Field]]:
    """Return the fields of *source*, checked, by their names in lower case: of headers all, else the last of a name."""
    found: dict[str, list[Field]] = {}
    if isinstance(source, WerkzeugHeaders):
        for name, value in source:
            found.setdefault(lowered(name), []).append(field(name, value))
        return found
    items: Iterable[tuple[str, Iterable[Any]]]
    if isinstance(source, MultiDict):
        items = source.lists()
    elif isinstance(source, Mapping):
        items = ((name, value if isinstance(value, (list, tuple, set)) else (value,)) for name, value in source.items())
    else:
        items = ((name, (value,)) for name, value in source)
    for name, values in items:
        found[lowered(name)] = [field(name, value) for value in values]
    return found


def _with_parameters(name: str, value: object, parameters: dict[str, Any]) -> Field:
    if not parameters:
        return field(name, value)
    options = {key.replace("_", "-"): parameter for key, parameter in parameters.items()}
    return field(name, dump_options_header(field(name, value)[1], options))
