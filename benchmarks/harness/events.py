"""The server-sent events that are written, and what a reader must get of them."""

from __future__ import annotations

from typing import NamedTuple

from wsgiresp._protocol.event_reader import EventReader


class Event(NamedTuple):
    """One server-sent event whose data is text."""

    data: str
    event: str | None = None
    id: str | None = None

    def fault(self, block: bytes) -> str | None:
        """Return what is wrong with *block*, ``None`` where a reader gets this event and no other out of it."""
        lines = self.data.replace("\r\n", "\n").replace("\r", "\n")
        found = EventReader().feed(block)
        if found != [(self.event or "message", lines, self.id or "")]:
            return f"a reader gets {str(found)[:80]}"
        return None


EVENTS = {
    "short": Event("Hello, world!"),
    "200 B + event + id": Event("temperature=21.5;" * 12, event="measured", id="1048576"),
    "10 lines": Event("\n".join(f"line {number} of a short log" for number in range(10))),
    "10 KB": Event("0123456789abcdef" * 640),
    "CRLF, CR and LF": Event("first line\r\nsecond line\rthird line\nfourth line\r\n\r\nlast line"),
}
"""The events of ``bench_sse_encode``."""
