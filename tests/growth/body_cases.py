"""Growth of what an application puts into a body: events, JSON, lines; and of what reads events."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from growth.growth_case import OBJECTS, case, tried

from wsgiresp._protocol import event_stream, json_encoding, json_lines, json_times, one_line
from wsgiresp._protocol.event_reader import EventReader
from wsgiresp._protocol.event_stream import ServerSentEvent
from wsgiresp._protocol.json_encoding import json_encoder
from wsgiresp._protocol.length_counting import counted

ENCODER = json_encoder()
STRICT = json_encoder(nan="error")


def first(data):
    return data[0]


def encoded(item):
    return event_stream.encode(item, ENCODER.encode)


EVENTS = [
    case("data of line ends", encoded, lambda size: "\r\n" * size),
    case("data of half line ends", encoded, lambda size: "\n\r" * size),
    case("data of carriage returns", encoded, lambda size: "\r" * size),
    case("a surrogate at the end of data", tried(encoded), lambda size: "a" * size + "\ud800"),
    case("data as JSON with line ends", lambda item: event_stream.encode([item], first), lambda size: b"\r\n" * size),
    case("a comment of line ends", lambda text: ServerSentEvent(comment=text), lambda size: "\r\n" * size),
    case(
        "a type of event with a line end",
        tried(lambda text: ServerSentEvent(event=text)),
        lambda size: "a" * size + "\n",
    ),
    case("an id that is not printable", lambda text: ServerSentEvent(id=text), lambda size: "\x01" * size),
    case(
        "a dict with many keys for an event",
        tried(encoded),
        lambda size: {f"name{number}": 0 for number in range(size)},
        largest=OBJECTS,
    ),
]


def read_at_once(stream):
    return EventReader().feed(stream)


def read_by_bytes(stream):
    reader = EventReader()
    for octet in stream:
        reader.feed(bytes((octet,)))


READ = [
    case("a long line read by bytes", read_by_bytes, lambda size: b"data: " + b"a" * size),
    case("short lines read by bytes", read_by_bytes, lambda size: b"data\n" * size),
    case("letters read by bytes", read_by_bytes, lambda size: "\u65e5".encode() * size),
    case("many lines of data", read_at_once, lambda size: b"data\n" * size + b"\n"),
    case("many events", read_at_once, lambda size: b"data\n\n" * size),
    case("carriage returns in a stream", read_at_once, lambda size: b"\r\r\n" * size),
    case("comments in a stream", read_at_once, lambda size: b":\n" * size),
    case("colons in a stream", read_at_once, lambda size: b":" * size),
    case("bytes that are no UTF-8", read_at_once, lambda size: b"\xff\xe2" * size),
    case("a retry of many digits", read_at_once, lambda size: b"retry: " + b"9" * size + b"\n"),
]


def nested(size, inner=None):
    """Return lists in lists: as many chains of 100 levels as make *size* lists."""
    found = []
    for _ in range(size // 100):
        chain = inner
        for _ in range(100):
            chain = [chain]
        found.append(chain)
    return found


def in_iterators(size):
    return ([iter([iter([number])])] for number in range(size))


def keyed(levels):
    found = {(): 0}
    for level in range(levels):
        found = {f"name {level}" * 10: found}
    return found


DOCUMENTS = [
    case("a text to escape", ENCODER.encode, lambda size: '"\\\n\x01' * size),
    case("a text of lone surrogates", ENCODER.encode, lambda size: "a\ud800" * size),
    case("a text of letters as ASCII", json_encoder(ensure_ascii=True).encode, lambda size: "\u65e5\U0001f600" * size),
    case("lists in lists", ENCODER.encode, nested, largest=OBJECTS),
    case("lists in lists, indented", json_encoder(indent=2).encode, nested, largest=OBJECTS),
    case(
        "lists in lists around what JSON has not",
        tried(ENCODER.encode),
        lambda size: nested(size, object()),
        largest=OBJECTS,
    ),
    case("a list that ends in what JSON has not", tried(ENCODER.encode), lambda size: [*[0.5] * size, object()]),
    case("iterators in an iterator", lambda size: ENCODER.encode(in_iterators(size)), int, largest=2**14),
    case(
        "keys that are no text",
        ENCODER.encode,
        lambda size: {UUID(int=number): number for number in range(size)},
        largest=OBJECTS,
    ),
    case("a number that is not finite behind many", tried(STRICT.encode), lambda size: [0.5] * size + [float("nan")]),
    case("a Decimal of many digits", ENCODER.encode, lambda size: Decimal("9" * size)),
    case("a Decimal among iterators", lambda text: ENCODER.encode([Decimal(text), iter(())]), lambda size: "9" * size),
    case("a number of many digits", tried(ENCODER.encode), lambda size: 1 << size, largest=2**16),
    case("sets and bytes", tried(ENCODER.encode), lambda size: [{0}] * size + [b""]),
    case("keys on the way to what JSON has not", tried(ENCODER.encode), keyed, largest=2**8),
    case(
        "an indent",
        tried(lambda text: json_encoder(indent=text)),
        lambda size: " " * size + "x",
        "json_encoding._BLANKS",
    ),
    case(
        "a moment of digits alone",
        json_times.expanded_year,
        lambda size: "1" * size,
        "json_times._OTHER_YEAR",
    ),
    case("separators of blanks", lambda text: json_encoder(separators=(text, ":")), lambda size: " " * size + ","),
]

# Without orjson there is nothing to measure.
BY_ORJSON = (
    []
    if json_encoding.orjson_dumps is None
    else [
        case("a text to escape, by orjson", json_encoding.orjson_encode, lambda size: '"\\\n\x01' * size),
        case("a text of lone surrogates, by orjson", json_encoding.orjson_encode, lambda size: "a\ud800" * size),
        case("lists in lists, by orjson", json_encoding.orjson_encode, nested, largest=OBJECTS),
        case(
            "what orjson has not, in iterators",
            lambda size: json_encoding.orjson_encode(in_iterators(size)),
            int,
            largest=2**14,
        ),
        case(
            "a list that ends in what orjson has not",
            tried(json_encoding.orjson_encode),
            lambda size: [*[0.5] * size, object()],
        ),
    ]
)

LINES = [
    case("ends of lines in a line", json_lines.line, lambda size: "\u2028\x85".encode() * size),
    case("begins of ends of lines in a line", json_lines.line, lambda size: b"\xe2\x80" * size),
    case("a name for the log", one_line.one_line, lambda size: "\n" * size),
    case("a keyword for the log", one_line.keyword_text, lambda size: "a" * size + "\n"),
    case("an object for the log", one_line.repr_line, lambda size: ["\n"] * size),
    case("the text of an object for the log", one_line.str_line, lambda size: ["\n"] * size),
    case(
        "the chunks of a body with a length",
        lambda chunks: list(counted(len(chunks), chunks)),
        lambda size: [b"a"] * size,
    ),
]
