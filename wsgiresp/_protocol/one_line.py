"""One line of text for the log and for error messages, of names and objects that may come from outside.

A name is not always written by a programmer: the keyword names of a task may be the fields of a form, a
``__qualname__`` can be assigned, and a ``repr()`` is whatever a class makes of it. A line feed in it would begin a line
of the log that nobody wrote, and an ESC would command the terminal that shows the log (CWE-117). So nothing that comes
out of this module has a character that ``str.isprintable()`` refuses: C0, DEL, C1, U+2028, U+2029, the marks that turn
the writing direction, and surrogates.
"""

from __future__ import annotations

_LONGEST = 1000  # characters; what is longer tells nobody more, and a form may hold a MiB


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
    """Return the ``__qualname__`` of *thing*, a function or a class; of any other object that of its class."""
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
