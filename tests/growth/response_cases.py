"""Growth of what responses, files and views make of names, paths, links and tuples."""

from __future__ import annotations

from pathlib import Path

from growth.growth_case import OBJECTS, case, tried
from responses.wsgi_calls import call, environ

from wsgiresp import FileResponse, HTTPException, early_hints, serve_files
from wsgiresp._streams.bounded_buffer import BoundedBuffer
from wsgiresp._views import coercion
from wsgiresp.exceptions import ResponseValidationError
from wsgiresp.responses import XAccelRedirect, XSendfile
from wsgiresp.responses.media_types import MediaTypes, guessed

HERE = Path(__file__).parent
SITE = serve_files(HERE.parent, index="index.html")
NGINX = XAccelRedirect("/protected/", "/")


def redirected(query):
    return call(SITE, PATH_INFO="/growth", QUERY_STRING=query)


def asked(path):
    return call(SITE, PATH_INFO=path)


def saved(name):
    return FileResponse(__file__, filename=name)


def ending(text):
    MediaTypes("media_types", {text: "text/plain"})


def part(value):
    return call(FileResponse(__file__), "HEAD", HTTP_RANGE=value, HTTP_IF_NONE_MATCH=value)


FILES = [
    case("a path of a request", asked, lambda size: "/" + "a" * size),
    case("folders in the path of a request", asked, lambda size: "/a" * size),
    case("dots in the path of a request", asked, lambda size: "/" + "." * size + "x"),
    case("letters in the path of a request", asked, lambda size: "/" + "\xe9" * size),
    case("a query of a folder", tried(redirected), lambda size: "\xe9" * size),
    case("the conditions of a file", part, lambda size: '"a", ' * size),
    case("a filename of accents", saved, lambda size: "o" + "\u0302\u0331" * size),
    case("a filename of endings", saved, lambda size: ".a" * size),
    case("endings of media_types", tried(ending), lambda size: ".a" * size + "/", "media_types._ENDINGS"),
    case("a long ending of media_types", tried(ending), lambda size: "." + "a" * size + "/", "media_types._ENDINGS"),
    case("endings of a name", guessed, lambda size: "a" + ".gz" * size),
    case("dots of a name", guessed, lambda size: "a" + "." * size),
    case("a long ending of a name", guessed, lambda size: "a." + "b" * size),
    case("colons in the ending of a name", guessed, lambda size: "a.data:" + "b,;" * size),
    case("blanks in the ending of a name", guessed, lambda size: "a." + " " * size + "b"),
    case(
        "a prefix for nginx of short segments",
        tried(lambda text: XAccelRedirect(text, "/")),
        lambda size: "/a" * size + "?",
        "offload._LOCATION",
    ),
    case(
        "a prefix for nginx of one segment",
        tried(lambda text: XAccelRedirect(text, "/")),
        lambda size: "/" + "a" * size + "?",
        "offload._LOCATION",
    ),
    case(
        "a prefix for nginx of slashes",
        tried(lambda text: XAccelRedirect(text, "/")),
        lambda size: "/" * size,
        "offload._LOCATION",
    ),
    case("a path for nginx", NGINX.field, lambda size: "/" + "\xe9/" * size),
    case("a path for Apache", XSendfile().field, lambda size: "/" + "?" * size),
]


def changed(fields):
    return coercion.changed(HTTPException(404).get_response(), 404, fields)


def chunks(count):
    buffer = BoundedBuffer(bool, bool)
    for _ in range(count):
        if buffer.put(b"a"):
            while buffer.chunks:
                buffer.take()


VIEWS = [
    case("a link of a hint", lambda text: early_hints(environ(), [text]), lambda size: "</a>;" * size),
    case(
        "many links of a hint",
        lambda links: early_hints(environ(), links),
        lambda size: ["</a>"] * size,
        largest=OBJECTS,
    ),
    case(
        "a status line of a view",
        lambda text: coercion.parts(("a", text)),
        lambda size: "200 " + "a" * size + "\n",
        "coercion._STATUS_LINE",
    ),
    case("the detail of an exception", lambda text: str(HTTPException(404, text)), lambda size: "a\n" * size),
    case(
        "the errors of a model",
        lambda errors: str(ResponseValidationError(errors)),
        lambda size: [{"loc": ("a", 0), "msg": "wrong"}] * size,
        largest=OBJECTS,
    ),
    case("small chunks of a stream", chunks, lambda size: size),
]
