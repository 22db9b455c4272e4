"""Growth of what the adapters make of header fields."""

from __future__ import annotations

import django_apps  # noqa: F401 - Django asks for settings
from django.http.cookie import SimpleCookie
from growth.growth_case import OBJECTS, case, tried

from wsgiresp.adapters._django.cookies import add_cookie
from wsgiresp.adapters._django.http_responses import known


def added(text):
    add_cookie(SimpleCookie(), text)


def converted(fields):
    return known("200 OK", fields, b"")


CASES = [
    case("backslashes in a cookie", added, lambda size: 'name="' + "\\" * size + '"', "cookies._ESCAPE"),
    case("octal digits in a cookie", added, lambda size: 'name="' + "\\0" * size + '"', "cookies._ESCAPE"),
    case("an escaped cookie", added, lambda size: 'name="' + "\\012" * size + '"', "cookies._ESCAPE"),
    case("quotes in a cookie", added, lambda size: 'name="' + '\\"' * size + '"', "cookies._ESCAPE"),
    case("many attributes of a cookie", added, lambda size: "name=a" + "; b=c" * size),
    case("semicolons of a cookie", added, lambda size: "name=a" + ";" * size),
    case("blanks of a cookie", added, lambda size: "name=a;" + " " * size + "b"),
    case("a Max-Age of many digits", tried(added), lambda size: "name=a; Max-Age=" + "1" * size),
    case(
        "many cookies of one name", converted, lambda size: [("Set-Cookie", "name=a; Path=/b")] * size, largest=OBJECTS
    ),
    case("many fields of one name", converted, lambda size: [("Link", "</a>; rel=next")] * size, largest=OBJECTS),
]
