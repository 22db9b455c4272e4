"""What the file of the tests holds, and how many descriptors are open."""

from __future__ import annotations

import os

DATA = bytes(range(256)) * 4


class Closings:
    """Counts the descriptors of this process that are more than at the start."""

    def __init__(self) -> None:
        self.before = self.now()

    def now(self) -> int:
        return len(os.listdir("/proc/self/fd"))

    @property
    def leaked(self) -> int:
        return self.now() - self.before
