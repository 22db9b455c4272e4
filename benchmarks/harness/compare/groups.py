"""All groups of rows, in the order in which they are measured and printed."""

from __future__ import annotations

from .imports import Imports
from .in_process import InProcess
from .many_clients import ManyClients
from .rows import Group
from .served import Served

GROUPS: tuple[Group, ...] = (
    InProcess("in process"),
    Served("served"),
    ManyClients("1,000 event clients", 1000),
    ManyClients("5,000 event clients", 5000, rounds=9, windows=2, series=4, is_usual=False),
    Imports("import"),
)
