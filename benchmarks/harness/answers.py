"""What a client gets. Nothing is imported here, so that what drives an application brings no other code with it."""

from __future__ import annotations

from typing import NamedTuple


class Answer(NamedTuple):
    """What a client sees of one response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Return the values of the field *name*, found without regard to case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]
