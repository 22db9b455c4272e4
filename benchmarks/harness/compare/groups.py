"""All groups of rows, in the order in which they are measured and printed."""

from __future__ import annotations

from .in_process import InProcess
from .rows import Group

GROUPS: tuple[Group, ...] = (InProcess("in process"),)
