"""Names for the shapes that cross the floors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse as StartResponse
    from _typeshed.wsgi import WSGIEnvironment as WSGIEnvironment

HeaderFields: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"
"""What a ``headers=`` argument takes: a mapping, or pairs that may repeat a name."""

Background: TypeAlias = "Callable[[], object]"
"""What a ``background=`` argument takes: a BackgroundTask, BackgroundTasks, or any callable without arguments."""
