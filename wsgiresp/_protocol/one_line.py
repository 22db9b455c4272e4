"""Names and objects as one line of text, for the log and for error messages.

A name may come from a client or from other code: the keyword names of a task may be the fields of a form, a
``__qualname__`` can be assigned, and a class can return any ``repr()``. A line feed in it would forge a line of the
log, and an ESC could control the terminal that shows the log (CWE-117). So the results of this module contain only
characters that ``str.isprintable()`` accepts: no C0, DEL, C1, U+2028, U+2029, bidirectional controls or surrogates.
"""

from __future__ import annotations

_LONGEST = 1000  # characters; the rest of a longer text is of no use in a log, and a form may hold a MiB


def one_line(text: str) -> str:
    """Return *text* with a backslash escape for each character that is not printable, cut after 1,000 characters."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "..."
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def keyword_text(name: str) -> str:
    """Return the *name* of a keyword argument if it is an identifier, else its ``repr()``."""
    return one_line(name if name.isidentifier() else str.__repr__(name))


def qualified_name(thing: object) -> str:
    """Return the ``__qualname__`` of *thing* as one line; if it has none, that of its class."""
    name = getattr(thing, "__qualname__", None)
    return one_line(str.__str__(name) if isinstance(name, str) else type(thing).__qualname__)


def repr_line(thing: object) -> str:
    """Return ``repr(thing)`` as one line; the name of its class in angle brackets if that raises."""
    try:
        return one_line(str.__str__(repr(thing)))
    except Exception:
        return f"<{qualified_name(type(thing))}, whose repr() fails>"


def str_line(thing: object) -> str:
    """Return ``str(thing)`` as one line; the name of its class in angle brackets if that raises."""
    try:
        return one_line(str.__str__(str(thing)))
    except Exception:
        return f"<{qualified_name(type(thing))}, whose str() fails>"
