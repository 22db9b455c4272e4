"""Growth of what a request brings: its header fields and its path."""

from __future__ import annotations

from growth.growth_case import OBJECTS, case, tried

from wsgiresp._files.beneath_root import stays_beneath
from wsgiresp._protocol import conditions, dates, entity_tags, ranges
from wsgiresp._protocol.conditions import Validators
from wsgiresp._protocol.event_stream import last_event_id


def evaluated(name, etag='W/"v"'):
    validators = Validators(etag, 10**9)
    return lambda value: conditions.evaluate("GET", {name: value, "HTTP_RANGE": "bytes=0-"}, validators)


RANGES = [
    case("a Range of empty members", ranges.parse, lambda size: "bytes=" + ", " * size),
    case("a Range of blanks", ranges.parse, lambda size: "bytes=" + " \t" * size + "x", "ranges._INT_RANGE"),
    case("a Range without hyphens", ranges.parse, lambda size: "bytes=" + "1," * size, "ranges._SUFFIX_RANGE"),
    case("a first position of many digits", ranges.parse, lambda size: f"bytes={'9' * size}-", "ranges._INT_RANGE"),
    case("two positions of many digits", ranges.parse, lambda size: f"bytes={'9' * size}-{'9' * size}"),
    case("digits behind zeros", ranges.parse, lambda size: f"bytes={'0' * size}1-{'0' * size}0"),
    case("digits and a letter", ranges.parse, lambda size: f"bytes={'9' * size}x-", "ranges._INT_RANGE"),
    case("a suffix of many digits", ranges.parse, lambda size: f"bytes=-{'9' * size}", "ranges._SUFFIX_RANGE"),
    case("a suffix of digits and a letter", ranges.parse, lambda size: f"bytes=-{'9' * size}x", "ranges._SUFFIX_RANGE"),
    case("a hundred long ranges", ranges.parse, lambda size: "bytes=" + f"{'9' * (size // 100)}-," * 100),
    case("too many ranges", ranges.parse, lambda size: "bytes=" + "0-1," * size),
    case("a long unit", ranges.parse, lambda size: "b" * size + "=0-1"),
    case(
        "a Range of a file",
        lambda value: ranges.select(value, 10**6),
        lambda size: "bytes=" + "9-," * 99 + " " * size,
    ),
]

CONDITIONS = [
    case("a list of short entity tags", entity_tags.parse, lambda size: '"",' * size, "entity_tags._MEMBER"),
    case("one long entity tag", entity_tags.parse, lambda size: f'"{"a" * size}"', "entity_tags._ENTITY_TAG"),
    case(
        "an entity tag that does not end", entity_tags.parse, lambda size: '"' + "a" * size, "entity_tags._ENTITY_TAG"
    ),
    case("the signs of weak tags", entity_tags.parse, lambda size: "W/" * size, "entity_tags._MEMBER"),
    case("an entity tag behind blanks", entity_tags.parse, lambda size: " \t" * size + "x", "entity_tags._MEMBER"),
    case("blanks behind an entity tag", entity_tags.parse, lambda size: '""' + " " * size + "x", "entity_tags._MEMBER"),
    case("empty members of a list of tags", entity_tags.parse, lambda size: ", " * size, "entity_tags._MEMBER"),
    case("an ETag that is given", tried(entity_tags.entity_tag), lambda size: '"' + "v" * size, "entity_tags._OURS"),
    case("an ETag to quote", tried(entity_tags.entity_tag), lambda size: "v" * size + " ", "entity_tags._UNQUOTED"),
    case("If-Match of many tags", evaluated("HTTP_IF_MATCH", '"v"'), lambda size: '"w", ' * size),
    case("If-None-Match of many weak tags", evaluated("HTTP_IF_NONE_MATCH"), lambda size: 'W/"w", ' * size),
    case(
        "If-None-Match of many tags beside a long weak one",
        lambda pair: evaluated("HTTP_IF_NONE_MATCH", pair[0])(pair[1]),
        lambda size: (f'W/"{"v" * 16 * size}"', '"",' * size),
    ),
    case("If-None-Match of blanks", evaluated("HTTP_IF_NONE_MATCH"), lambda size: " " * size),
    case("If-Range of blanks", evaluated("HTTP_IF_RANGE"), lambda size: " \t" * size + '"v'),
    case("If-Range of a long tag", evaluated("HTTP_IF_RANGE", '"v"'), lambda size: f'"{"v" * size}"'),
    case("If-Modified-Since of blanks", evaluated("HTTP_IF_MODIFIED_SINCE"), lambda size: " \t" * size + "x"),
    case("If-Unmodified-Since of blanks", evaluated("HTTP_IF_UNMODIFIED_SINCE"), lambda size: " \t" * size + "x"),
    case("a date of HTTP with many digits", dates.parse, lambda size: "Mon, " + "1" * size, "dates._IMF_FIXDATE"),
    case("an old date with many digits", dates.parse, lambda size: "Monday, " + "1" * size, "dates._RFC850_DATE"),
    case(
        "a date of asctime() with many blanks", dates.parse, lambda size: "Mon Jan" + " " * size, "dates._ASCTIME_DATE"
    ),
    case("a date and more", dates.parse, lambda size: "Mon, 01 Jan 2001 00:00:00 GMT" * size, "dates._IMF_FIXDATE"),
]

FIELDS = [
    case("a Last-Event-ID in UTF-8", last_event_id, lambda size: "\xc3\xa9" * size),
    case("a Last-Event-ID in latin-1", last_event_id, lambda size: "\xe9" * size),
    case("a Last-Event-ID that ends in latin-1", last_event_id, lambda size: "\xc3\xa9" * size + "\xe9"),
]


def on_windows(path):
    return stays_beneath(path, True)


PATHS = [
    case("a path of dots", on_windows, lambda size: "." * size + "x", "beneath_root._ESCAPE_ON_WINDOWS"),
    case("a path of dots and blanks", on_windows, lambda size: ". " * size + "x", "beneath_root._ESCAPE_ON_WINDOWS"),
    case("a path of short segments", on_windows, lambda size: "a/" * size, "beneath_root._ESCAPE_ON_WINDOWS"),
    case("a path of empty segments", on_windows, lambda size: "a" + "/" * size, "beneath_root._ESCAPE_ON_WINDOWS"),
    case("a path of segments of dots", on_windows, lambda size: "... /.x/" * size, "beneath_root._ESCAPE_ON_WINDOWS"),
    case(
        "a path of a device and blanks",
        on_windows,
        lambda size: "nul" + " " * size + "x",
        "beneath_root._ESCAPE_ON_WINDOWS",
    ),
    case(
        "a path of devices that are none",
        on_windows,
        lambda size: "com1x/conx/" * size,
        "beneath_root._ESCAPE_ON_WINDOWS",
    ),
    case("a path of one long name", on_windows, lambda size: "a" * size, "beneath_root._ESCAPE_ON_WINDOWS"),
    case("a path of dots on POSIX", stays_beneath, lambda size: "." * size + "x"),
    case("folders above on POSIX", stays_beneath, lambda size: "a../" * size, largest=OBJECTS),
]
