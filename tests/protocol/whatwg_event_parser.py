"""A reader of event streams, written from WHATWG HTML, Sections 9.2.5 and 9.2.6, and not from what wsgiresp does.

It takes a whole stream, character by character, with the buffers that the standard names.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Stream:
    """What became of a stream: events as (type, data, last event id), and what the client keeps for the next one."""

    events: list[tuple[str, str, str]] = field(default_factory=list)
    last_event_id: str = ""
    retry: int | None = None
    comments: list[str] = field(default_factory=list)


def parse(body: bytes) -> list[tuple[str, str, str]]:
    """Return the events of *body* as (type, data, last event id)."""
    return read(body).events


def read(body: bytes) -> Stream:
    """Return what becomes of the stream *body*. A block that the end of the file cuts off is discarded."""
    stream = Stream()
    data = event_type = last_event_id = ""
    for line in _lines(body.decode("utf-8", "replace")):
        if line == "":
            stream.last_event_id = last_event_id
            if data != "":
                if data[-1] == "\n":
                    data = data[:-1]
                stream.events.append((event_type if event_type != "" else "message", data, last_event_id))
            data = event_type = ""
            continue
        if line[0] == ":":
            stream.comments.append(line[2:] if line[1:2] == " " else line[1:])
            continue
        if ":" in line:
            colon = line.index(":")
            name, value = line[:colon], line[colon + 1 :]
            if value != "" and value[0] == "\x20":
                value = value[1:]
        else:
            name, value = line, ""
        match name:
            case "event":
                event_type = value
            case "data":
                data += value + "\x0a"
            case "id":
                if "\x00" not in value:
                    last_event_id = value
            case "retry":
                if value != "" and all(character in "0123456789" for character in value):
                    stream.retry = int(value, 10)
    return stream


def _lines(text: str) -> list[str]:
    """Return the lines of *text* that have ended, by the ABNF: an optional BOM, then lines up to CRLF, LF or CR."""
    position = 1 if text[:1] == "\ufeff" else 0
    lines, line = [], ""
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\x0d":
            if text[position : position + 1] == "\x0a":
                position += 1
            lines.append(line)
            line = ""
        elif character == "\x0a":
            lines.append(line)
            line = ""
        else:
            line += character
    return lines
