"""Parser of an event stream: the events that a browser makes of its bytes (WHATWG HTML, Section 9.2.6)."""

from __future__ import annotations

import codecs
import json
from typing import Any, NamedTuple

from .event_stream import line_feeds

# With "replace" what is no UTF-8 becomes U+FFFD; "-sig" drops one BOM at the start. The standard asks for both.
_Decoder = codecs.getincrementaldecoder("utf-8-sig")

_MOST_DIGITS = 4300  # of a number in text that int() reads


class ReceivedEvent(NamedTuple):
    """An event as a browser dispatches it.

    *event* is its type, ``"message"`` where the stream named none; *data* its lines, parted by LF; *id* is the id that
    was seen last, in this event or an earlier one, ``""`` before there was any.
    """

    event: str
    data: str
    id: str

    def json(self) -> Any:
        """Return the data, read as a JSON document; raises ``ValueError`` for what is none."""
        return json.loads(self.data)


class EventReader:
    """A reader of one stream, fed with its bytes as they arrive, cut anywhere.

    ``last_event_id`` is what the client would send when it connects again, ``retry`` the milliseconds after which it
    would, None if the stream has not said. ``comments`` holds the text of all comment lines so far, each without the
    blank after its colon; whoever reads an endless stream may clear it.
    """

    def __init__(self) -> None:
        self.last_event_id = ""
        self.retry: int | None = None
        self.comments: list[str] = []
        self._decoder = _Decoder("replace")
        self._after_cr = False
        self._pieces: list[str] = []  # of the line that has not ended
        self._event = ""
        self._data: list[str] = []
        self._id = ""

    def feed(self, chunk: bytes) -> list[ReceivedEvent]:
        """Return the events that *chunk* completes, in their order."""
        text = self._decoder.decode(chunk)
        if not text:
            return []
        if self._after_cr:
            # A CR ends its line at once, for what follows may be long in coming: an LF still belongs to it.
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        first, *others = line_feeds(text).split("\n")
        self._pieces.append(first)
        if not others:
            return []
        lines = ["".join(self._pieces), *others]
        self._pieces = [lines.pop()]
        return [event for line in lines if (event := self._take(line)) is not None]

    def _take(self, line: str) -> ReceivedEvent | None:
        if not line:
            return self._dispatched()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name:
            self.comments.append(value)
        elif name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
            self.retry = int(value)
        return None

    def _dispatched(self) -> ReceivedEvent | None:
        self.last_event_id = self._id
        event, lines = self._event or "message", self._data
        self._event, self._data = "", []
        # No data line, no event; one empty data line makes an event whose data is empty.
        return ReceivedEvent(event, "\n".join(lines), self._id) if lines else None
