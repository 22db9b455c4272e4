"""Growth of what an application puts into the head of an answer, which may be what a client has sent."""

from __future__ import annotations

from growth.growth_case import OBJECTS, case, tried

from wsgiresp import Response, content_disposition
from wsgiresp._protocol import byteranges, content, header_validation, locations, ranges, status
from wsgiresp._protocol.content import UTF8_TYPES
from wsgiresp._protocol.header_validation import pairs
from wsgiresp._protocol.headers import Headers
from wsgiresp._protocol.representation import of_not_modified
from wsgiresp._protocol.set_cookie import set_cookie_value
from wsgiresp.responses._werkzeug.body import absolute_location


def field(text):
    return header_validation.field("X-Name", text)


def replaced(fields):
    Headers([("X-Name", "a"), *pairs(fields)]).update(fields)


def vary(names):
    Headers().add_vary_header(names)


FIELDS = [
    case(
        "a header name",
        tried(lambda name: header_validation.field(name, "a")),
        lambda size: "a" * size + " ",
        "header_validation.TOKEN",
    ),
    case("a header value of controls", tried(field), lambda size: "a" * size + "\x7f", "header_validation.CONTROLS"),
    case("a header value with TABs", field, lambda size: "a\t" * size + "a", "header_validation.CONTROLS"),
    case("a header value of latin-1", field, lambda size: "\xe9" * size),
    case("a header value beyond latin-1", tried(field), lambda size: "\xe9" * size + "\u20ac"),
    case("a header value of blanks", tried(field), lambda size: " " * size + "a"),
    case("a header value of bytes", field, lambda size: b"\xe9" * size),
    case(
        "many header fields",
        lambda pairs: header_validation.extend([], pairs),
        lambda size: [("X-Name", "a")] * size,
        largest=OBJECTS,
    ),
    case(
        "many header fields to replace others",
        replaced,
        lambda size: {f"X-{number}": "a" for number in range(size)},
        largest=OBJECTS,
    ),
    case("many headers to replace others", replaced, lambda size: Headers([("X-Name", "a")] * size), largest=OBJECTS),
    case(
        "many values of a header field",
        lambda values: header_validation.extend([], {"X-Name": values}),
        lambda size: ["a"] * size,
    ),
    case("many names of Vary", vary, lambda size: ", ".join(f"X-{number}" for number in range(size)), largest=OBJECTS),
    case("commas of Vary", vary, lambda size: ", " * size + "X"),
    case("a parameter of a header", lambda text: Headers().add("X-Name", "a", name=text), lambda size: '"\\' * size),
    case(
        "a parameter of a header beyond ASCII",
        lambda text: Headers().add("X-Name", "a", name=text),
        lambda size: "\xe9" * size,
    ),
    case(
        "the fields of a 304",
        of_not_modified,
        lambda size: [("Content-MD5", "a"), ("X-Name", "b")] * size,
        largest=OBJECTS,
    ),
    case(
        "many lengths of one body",
        content.announced_length,
        lambda size: [("Content-Length", "7")] * size,
        largest=OBJECTS,
    ),
    case("a length of many digits", tried(content.content_length), lambda size: "1" * size),
]

TYPES = [
    case("a charset", tried(content.TYPES.__missing__), lambda size: "a" * size, "header_validation.TOKEN"),
    case("a mimetype of werkzeug", lambda text: Response("a", mimetype=text), lambda size: "text/a" + "; b" * size),
    case(
        "a media type of blanks",
        tried(UTF8_TYPES.__missing__),
        lambda size: "a/b" + " \t" * size + "x",
        "content._MEDIA_TYPE",
    ),
    case("a media type without a slash", tried(UTF8_TYPES.__missing__), lambda size: "a" * size, "content._MEDIA_TYPE"),
    case("a media type of slashes", tried(UTF8_TYPES.__missing__), lambda size: "a/" * size, "content._MEDIA_TYPE"),
    case("a long subtype", tried(UTF8_TYPES.__missing__), lambda size: "a/" + "b" * size + "(", "content._MEDIA_TYPE"),
    case(
        "many parameters of a media type",
        UTF8_TYPES.__missing__,
        lambda size: "text/a" + " ; a=b" * size,
        "content._MEDIA_TYPE",
    ),
    case(
        "parameters of a media type and a line end",
        tried(UTF8_TYPES.__missing__),
        lambda size: "text/a" + ";" * size + "\n",
        "content._MEDIA_TYPE",
    ),
]

STATUS = [
    case("a phrase of a status line", status.parse, lambda size: "200 " + "a " * size + "a", "status._LINE"),
    case("a phrase with a control", tried(status.parse), lambda size: "200 " + "a" * size + "\0", "status._LINE"),
    case("blanks around a status line", status.parse, lambda size: " " * size + "200" + " " * size),
]


def stays(text):
    return locations.location(text, allowed_hosts=["shop.example"])


def one_of(hosts):
    return locations.location("http://shop.example/", allowed_hosts=hosts)


LONGEST = locations._LONGEST

LOCATIONS = [
    case("a target beyond the limit", tried(locations.location), lambda size: "/" * (LONGEST + size)),
    case(
        "a plain path and a blank",
        locations.location,
        lambda size: "/" + "a" * size + " a",
        "locations._PLAIN_PATH",
        largest=8192,
    ),
    case(
        "a target to encode", locations.location, lambda size: "/" + "\xe9" * size, "locations._REFERENCE", largest=2048
    ),
    case(
        "a target that ends in a control",
        tried(locations.location),
        lambda size: "a" * size + "\x7f",
        "locations._FORBIDDEN",
        largest=8192,
    ),
    case("blanks at the end of a target", tried(locations.location), lambda size: "a" + " " * size, largest=8192),
    case(
        "a scheme that does not end",
        locations.location,
        lambda size: "a" * size + "|",
        "locations._REFERENCE",
        largest=8192,
    ),
    case(
        "a host of colons",
        tried(locations.location),
        lambda size: "//" + "a:" * size,
        "locations._HOST_AND_PORT",
        largest=4096,
    ),
    case(
        "an address in brackets",
        tried(locations.location),
        lambda size: f"//[{'1:' * size}]",
        "locations._HOST_AND_PORT",
        largest=4096,
    ),
    case(
        "an address of dots in brackets", tried(locations.location), lambda size: f"//[::{'1.' * size}]", largest=4096
    ),
    case("a user without a host", tried(locations.location), lambda size: "//" + "@" * size, largest=8192),
    case(
        "a host of many labels",
        tried(locations.location),
        lambda size: "//" + "a." * size,
        "locations._HOST_NAME",
        largest=4096,
    ),
    case(
        "a host of one label",
        tried(locations.location),
        lambda size: "//" + "a" * size,
        "locations._HOST_NAME",
        largest=8192,
    ),
    case(
        "a host name of 253 characters",
        lambda host: [locations.ascii_host("", host)],
        lambda size: "a." * (min(size, 252) // 2) + "a",
        "locations._HOST_NAME",
    ),
    case(
        "a host beyond ASCII",
        tried(locations.location),
        lambda size: "//" + "\xe9" * size,
        "locations._LONG_LABEL",
        "locations._AMBIGUOUS",
        largest=8192,
    ),
    case(
        "dots of a host beyond ASCII",
        tried(locations.location),
        lambda size: "//" + "\xe9\u3002" * size,
        "locations._LONG_LABEL",
        largest=4096,
    ),
    case(
        "labels of 63 characters beyond ASCII",
        tried(locations.location),
        lambda size: "//" + ("\xe9" * 63 + ".") * (size // 64),
        "locations._LONG_LABEL",
        largest=8192,
    ),
    case("backslashes at the begin of a target", tried(stays), lambda size: "\\" * size, largest=4096),
    case("many allowed hosts", tried(one_of), lambda size: ["other.example"] * size, largest=OBJECTS),
    case("a Content-Location to encode", locations.reference, lambda size: "\xe9" * size, "locations._REFERENCE"),
    case("a Content-Location of one word", locations.reference, lambda size: "a" * size, "locations._REFERENCE"),
    case("a Content-Location of slashes", locations.reference, lambda size: "/" * size, "locations._REFERENCE"),
    case(
        "a Content-Location of an odd host",
        tried(locations.reference),
        lambda size: "//" + "\xe9@" * size,
        "locations._REFERENCE",
    ),
    case(
        "the host of a Content-Location",
        tried(locations.reference),
        lambda size: "//" + "\xe9" * size + ":",
        "locations._HOST_AND_PORT",
        "locations._LONG_LABEL",
    ),
    case(
        "a target made absolute",
        lambda text: absolute_location([("Location", text)], ENVIRON),
        lambda size: "a/../" * size,
    ),
]
ENVIRON = {"wsgi.url_scheme": "http", "HTTP_HOST": "shop.example", "PATH_INFO": "/a/b"}


def cookie(**given):
    return set_cookie_value("name", max_size=0, **given)


COOKIES = [
    case("the value of a cookie", lambda text: cookie(value=text), lambda size: '"\\' * size),
    case("controls in the value of a cookie", lambda text: cookie(value=text), lambda size: "\x1f\x7f" * size),
    case("letters in the value of a cookie", lambda text: cookie(value=text), lambda size: "\xe9" * size),
    case(
        "a lone surrogate in the value of a cookie",
        tried(lambda text: cookie(value=text)),
        lambda size: "a" * size + "\ud800",
    ),
    case("the name of a cookie", tried(lambda name: set_cookie_value(name)), lambda size: "a" * size + ";"),
    case(
        "the path of a cookie",
        tried(lambda path: cookie(path=path)),
        lambda size: "/" + "a" * size + ";",
        "set_cookie._NOT_IN_PATH",
    ),
    case(
        "a path of a cookie to encode",
        tried(lambda path: cookie(path=path)),
        lambda size: "/" + "\xe9" * (size + 512),
    ),
    case("the domain of a cookie", tried(lambda domain: cookie(domain=domain)), lambda size: "a." * size),
    case("a domain of a cookie beyond ASCII", tried(lambda domain: cookie(domain=domain)), lambda size: "\xe9" * size),
    case(
        "the date of a cookie",
        tried(lambda text: cookie(expires=text)),
        lambda size: "Monday, " + "1" * size,
        "set_cookie._DATE_OUTLINE",
    ),
    case(
        "the day in the date of a cookie",
        tried(lambda text: cookie(expires=text)),
        lambda size: "M" + "o" * size,
        "set_cookie._DATE_OUTLINE",
    ),
]

NAMES = [
    case("a name to save by of accents", content_disposition, lambda size: "o" + "\u0302\u0331" * size),
    case("a name to save by of syllables", content_disposition, lambda size: "\ud55c" * size),
    case("folders of a name to save by", content_disposition, lambda size: "a/\\" * size),
    case("controls in a name to save by", content_disposition, lambda size: "a\x01" * size, "disposition._CONTROLS"),
    case(
        "surrogates in a name to save by", content_disposition, lambda size: "\udc80" * size, "disposition._SURROGATES"
    ),
    case(
        "signs that readers take differently",
        content_disposition,
        lambda size: '%4=?"' * size,
        "disposition._AMBIGUOUS",
    ),
    case("dots and blanks to save by", content_disposition, lambda size: ". " * size),
    case("endings of a name to save by", content_disposition, lambda size: ".a" * size, "disposition._ENDING"),
    case(
        "the kind of a disposition",
        tried(lambda kind: content_disposition("a", kind)),
        lambda size: "a" * size + ";",
        "header_validation.TOKEN",
    ),
]


def spans(size):
    return [ranges.Span(2 * number, 2 * number + 1) for number in range(size)]


PARTS = [
    case(
        "spans to join",
        ranges.coalesce,
        lambda size: [ranges.Span(place, place + 2) for place in range(size, 0, -1)],
        largest=OBJECTS,
    ),
    case("spans apart", ranges.coalesce, lambda size: spans(size)[::-1], largest=OBJECTS),
    case(
        "parts of a multipart body",
        lambda parts: byteranges.frame(parts, 10**9, "text/plain", "b"),
        spans,
        largest=OBJECTS,
    ),
    case(
        "a boundary",
        tried(lambda boundary: byteranges.frame([], 1, "text/plain", boundary)),
        lambda size: "b" * size,
        "byteranges._BOUNDARY",
    ),
]
