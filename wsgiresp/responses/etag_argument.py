"""The argument ``etag=`` of ``FileResponse`` and ``serve_files``: its types, its check, and errors of a function."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeAlias, TypeVar

from wsgiresp._protocol.entity_tags import entity_tag

ETagFunction: TypeAlias = "Callable[[str, os.stat_result], str | None]"
"""A function of the path and the ``stat`` result of a file that returns its tag, or None for none."""

ETag: TypeAlias = "bool | str | ETagFunction"
"""What ``etag=`` takes: True for the tag of the file's times and size, False for none, a text, or a function."""

CheckedETag: TypeAlias = "bool | str | Callable[[os.stat_result], str | None]"
"""An :data:`ETag` whose text is an entity-tag with its quotes, and whose function knows the path."""

_Result = TypeVar("_Result")


def checked_etag(etag: ETag, path: str | None) -> CheckedETag:
    """Return *etag*, checked, for the file at *path*; None stands for a file object.

    Raises ``TypeError`` unless it is a bool, a text or a function, and ``ValueError`` for a text that can be no
    entity-tag and for a function beside a file object, which has no path to give it.
    """
    if etag is True or etag is False:
        return etag
    if isinstance(etag, str):
        return entity_tag(etag)
    if not callable(etag):
        raise TypeError(f"etag must be a bool, a str or a function of path and stat result, got {etag!r}")
    if path is None:
        raise ValueError(f"a function as etag is for a path: for a file object give the tag itself, got {etag!r}")
    return partial(_returned_tag, etag, path)


def _returned_tag(function: ETagFunction, path: str, status: os.stat_result) -> str | None:
    """Return the entity-tag that *function* returns, or None. An error of the function is not changed."""
    tag: object = function(path, status)
    if tag is None:
        return None
    if not isinstance(tag, str):
        raise TypeError(f"the function that is etag must return a str or None, got {tag!r} from {function!r}")
    return entity_tag(tag)


class CarriedError(Exception):
    """Carries *error*, which a function of the application has raised, past handlers of the errors of files."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def carrying_errors(function: Callable[..., _Result]) -> Callable[..., _Result]:
    """Return *function* such that an error of it comes out as a :class:`CarriedError`.

    ``serve_files`` answers a ``FileNotFoundError`` of the file with 404. One that the function raises, about a file of
    digests for example, is a fault of the application.
    """

    @wraps(function)
    def call(*arguments: Any) -> _Result:
        try:
            return function(*arguments)
        except Exception as error:
            raise CarriedError(error) from error

    return call
