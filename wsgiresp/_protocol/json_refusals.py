"""Error messages for content that is not JSON serializable: the words of ``json.dumps``, the path, and the cure."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from types import BuiltinFunctionType, FunctionType, MethodType

from wsgiresp._protocol.header_validation import exact
from wsgiresp._protocol.json_markers import MISSING
from wsgiresp._protocol.one_line import one_line, repr_line


class Refusal(Exception):  # noqa: N818
    """A value that is not JSON serializable, on its way up to the root: each level adds its step, innermost first.

    *message* makes the text for the user of the path: ``items[3].owner``, empty at the root.
    """

    def __init__(self, kind: type[TypeError | ValueError], message: Callable[[str], str]) -> None:
        self.kind = kind
        self.message = message
        self.steps: list[object] = []

    def error(self) -> TypeError | ValueError:
        """Return the exception for the user, which says where the value is."""
        return self.kind(self.message(_path(self.steps)))


def unknown_type(value: object, *, has_default: bool) -> Refusal:
    """Return the refusal of *value*, whose type is not JSON serializable. *has_default*: ``default`` was asked too."""
    cure = _cure(value)
    if cure is None and not has_default:
        cure = "give its class a for_json() method, or use json_encoder(default=...)"
    end = f" ({cure})" if cure else ""
    name = _type_name(value)
    return Refusal(
        TypeError, lambda path: f"Object of type {name}{f' at {path}' if path else ''} is not JSON serializable{end}"
    )


def unknown_key(key: object) -> Refusal:
    """Return the refusal of *key*, which cannot be the name of a member."""
    # Not its repr(): a dataclass, a tuple or a token in bytes may be or hold a secret, and this text goes to the log.
    claim = f"keys must be str, int, float, bool or None, not {_type_name(key)}"
    return Refusal(
        TypeError,
        lambda path: (
            f"{claim}: {path or 'content'} has such a key; make a str of it"
            " (date, time, UUID, Enum, IP addresses and scalars of numpy are keys too)"
        ),
    )


def not_finite(number: float) -> Refusal:
    """Return the refusal of *number*, which is not finite: JSON has no such number (RFC 8259, Section 6)."""
    if number is MISSING:
        return Refusal(ValueError, lambda path: f"{path or 'content'} must not be missing, got NaT or NA")
    return Refusal(
        ValueError, lambda path: f"{_OUT_OF_RANGE}: {path or 'content'} must be finite, got {repr_line(number)}"
    )


def key_not_finite(key: object, number: float) -> Refusal:
    """Return the refusal of *key*, which stands for a *number* that is not finite."""
    if number is MISSING:
        return Refusal(
            ValueError, lambda path: f"{path or 'content'} has the key {repr_line(key)}: it must not be missing"
        )
    return Refusal(
        ValueError,
        lambda path: f"{_OUT_OF_RANGE}: {path or 'content'} has the key {repr_line(key)}, which must be finite",
    )


_OUT_OF_RANGE = "Out of range float values are not JSON compliant"


def _cure(value: object) -> str | None:
    kind = type(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return "decode it, or encode it with base64"
    if isinstance(value, AsyncIterable):
        return "collect it with [item async for item in ...], or stream it with JSONLinesResponse"
    if isinstance(value, Awaitable):
        return "await it"
    if isinstance(value, type):
        return "this is the class, not an instance of it"
    if isinstance(value, FunctionType | MethodType | BuiltinFunctionType):
        return "await the result of its call" if inspect.iscoroutinefunction(value) else "call it"
    if isinstance(value, BaseException):
        return "use str() of it"
    if kind.__name__ == "DataFrame":  # of pandas, whose iteration gives the names of the columns
        return 'use its to_dict("records")'
    return "make a list of it" if isinstance(value, Iterable) else None


def _type_name(value: object) -> str:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return one_line(name)


def _path(steps: list[object]) -> str:
    """Return *steps*, the innermost first, as one would write them in Python: ``items[3].owner``; empty at the root."""
    path = "".join(map(_step, reversed(steps)))
    return path.removeprefix(".")


def _step(step: object) -> str:
    name = exact(step) if isinstance(step, str) else ""  # a subclass may say something else about itself
    return f".{one_line(name)}" if name.isidentifier() else f"[{repr_line(name or step)}]"
