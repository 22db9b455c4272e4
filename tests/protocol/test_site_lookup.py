"""Which files of a site a request may get, in order, and where a redirect to a slash leads."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.url_resolver import HERE, resolve

from wsgiresp._files.beneath_root import stays_beneath
from wsgiresp._protocol.site_lookup import Site, Step, accepts_page, is_route, lookups, slash_location, varies

SITE = Site(index="index.html")
APP = Site(index="index.html", fallback="app.html")
BARE_APP = Site(fallback="app.html")

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"

BYTES = st.binary(max_size=30).map(lambda raw: raw.decode("latin-1"))
# What parsers of URLs disagree on.
PARTS = st.sampled_from(
    ["", "/", "//", "\\", "/.", "/..", "/a", ".", ":", "//evil.example", "?", "#", "\t", "%2f", "@"]
)
PATHS = st.one_of(BYTES, st.lists(PARTS, max_size=5).map("".join))
# PEP 3333: each of them may be absent where it is empty.
ENVIRONS = st.fixed_dictionaries(
    {},
    optional={
        "SCRIPT_NAME": PATHS,
        "PATH_INFO": PATHS,
        "QUERY_STRING": PATHS,
        "HTTP_ACCEPT": st.one_of(BYTES, st.lists(st.sampled_from([*CHROME.split(","), ";q=0", ","])).map("".join)),
        "HTTP_SEC_FETCH_MODE": st.one_of(BYTES, st.sampled_from(["navigate", "cors"])),
    },
)
SITES = st.builds(Site, index=st.sampled_from([None, "index.html"]), fallback=st.sampled_from([None, "app.html"]))


def looked_up(site, path, **environ):
    return [(step.name, found) for step, found in lookups(site, path, environ)]


@pytest.mark.parametrize(
    ("site", "path", "environ", "found"),
    [
        pytest.param(Site(), "a.css", {}, [("FILE", "a.css")], id="a file of a folder"),
        pytest.param(Site(), "sub/", {}, [("FILE", "sub/")], id="a folder without an index"),
        pytest.param(Site(), "", {}, [], id="the root without an index"),
        pytest.param(Site(), "", {"SCRIPT_NAME": "/files"}, [], id="the mount point without an index"),
        pytest.param(SITE, "", {"PATH_INFO": "/"}, [("FILE", "index.html")], id="the root of a site"),
        pytest.param(SITE, "", {}, [("FILE", "index.html")], id="an empty path"),
        pytest.param(SITE, "", {"SCRIPT_NAME": "/"}, [("FILE", "index.html")], id="a mount at a slash"),
        pytest.param(
            SITE,
            "",
            {"SCRIPT_NAME": "/manual"},
            [("REDIRECT", "")],
            id="the mount point without its slash",
        ),
        pytest.param(
            SITE,
            "",
            {"SCRIPT_NAME": "/manual", "PATH_INFO": "/"},
            [("FILE", "index.html")],
            id="the mount point with its slash",
        ),
        pytest.param(SITE, "sub/", {}, [("FILE", "sub/index.html")], id="a folder with its slash"),
        pytest.param(
            SITE,
            "sub",
            {},
            [("FILE", "sub"), ("REDIRECT", "sub")],
            id="a file, or a folder without its slash",
        ),
        pytest.param(
            APP,
            "team/7",
            {},
            [
                ("FILE", "team/7"),
                ("REDIRECT", "team/7"),
                ("FALLBACK", "app.html"),
            ],
            id="a route",
        ),
        pytest.param(
            APP,
            "team.png",
            {},
            [("FILE", "team.png"), ("REDIRECT", "team.png")],
            id="a file name is no route",
        ),
        pytest.param(
            APP,
            "team/7",
            {"HTTP_ACCEPT": "application/json"},
            [("FILE", "team/7"), ("REDIRECT", "team/7")],
            id="a route for a client that wants JSON",
        ),
        pytest.param(BARE_APP, "", {"PATH_INFO": "/"}, [("FALLBACK", "app.html")], id="the root of an application"),
        pytest.param(BARE_APP, "team/", {}, [("FILE", "team/"), ("FALLBACK", "app.html")], id="a route with a slash"),
        pytest.param(
            BARE_APP,
            "",
            {"SCRIPT_NAME": "/app"},
            [("REDIRECT", "")],
            id="the mount point of an application without its slash",
        ),
    ],
)
def test_what_a_request_looks_for(site, path, environ, found):
    assert looked_up(site, path, **environ) == found


@pytest.mark.parametrize(
    "path", ["", "team", "team/7", "team/", "v1.2/team", "t\u00e4am/\u20ac", "a\nb", "~team", "team,7;a=b"]
)
def test_a_path_without_an_ending_is_a_route(path):
    assert is_route(path)


@pytest.mark.parametrize(
    "path",
    [
        "app.js",
        "assets/app.4f3a.js",
        "users/john.doe",
        ".env",
        ".git/HEAD",
        ".well-known/change-password",
        "a/.well-known/change-password",
        "team.",
        "team/.",
    ],
)
def test_the_name_of_a_file_is_no_route(path):
    assert not is_route(path)


def test_an_answer_varies_where_there_is_a_fallback_for_routes():
    assert varies(APP, "team/7")
    assert not varies(APP, "app.js")
    assert not varies(SITE, "team/7")


@pytest.mark.parametrize(
    ("accept", "mode", "allowed"),
    [
        pytest.param(CHROME, "navigate", True, id="a browser opens a page"),
        pytest.param(CHROME, None, True, id="a browser opens a page by plain HTTP"),
        pytest.param("text/html, application/xhtml+xml", "cors", True, id="a script asks for a page"),
        pytest.param("*/*", "cors", False, id="fetch() without Accept"),
        pytest.param("*/*", "no-cors", False, id="a script or a font"),
        pytest.param("*/*", None, True, id="curl, and most crawlers"),
        pytest.param(None, None, True, id="no Accept"),
        pytest.param(" ", None, True, id="an empty Accept"),
        pytest.param(None, "cors", False, id="no Accept, in a browser"),
        pytest.param("application/json", None, False, id="JSON"),
        pytest.param("application/json, text/plain, */*", None, False, id="axios"),
        pytest.param("application/json, text/javascript, */*; q=0.01", None, False, id="jQuery"),
        pytest.param("application/json, text/html", None, True, id="JSON and HTML"),
        pytest.param("text/css,*/*;q=0.1", None, False, id="a style sheet"),
        pytest.param("image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8", None, False, id="an image"),
        pytest.param("text/event-stream", None, False, id="EventSource"),
        pytest.param("TEXT/HTML;level=1", None, True, id="capitals and parameters"),
        pytest.param("text/html;q=0.001", None, True, id="the least quality"),
        pytest.param("text/html;q=0", None, False, id="HTML is refused"),
        pytest.param("text/html;q=0, */*", None, False, id="all but HTML"),
        pytest.param("text/html;level=1;q=0, text/html", None, True, id="one kind of HTML is refused"),
        pytest.param("application/xhtml+xml", None, True, id="XHTML alone"),
        pytest.param("text/html;q=0, application/xhtml+xml", None, False, id="XHTML, and HTML is refused"),
        pytest.param("text/*", None, True, id="any text"),
        pytest.param("text/*;q=0, */*", None, False, id="all but text"),
        pytest.param("text/*, */*;q=0", None, True, id="nothing but text"),
        pytest.param("*", None, True, id="a star alone"),
        pytest.param("*/*;q=0", None, False, id="nothing at all"),
        pytest.param("*/*;q=2", None, False, id="an impossible quality"),
        pytest.param("html", None, False, id="no media type"),
        pytest.param("x-text/html", None, False, id="another type that ends like HTML"),
        pytest.param("text/html5", None, False, id="another type that begins like HTML"),
    ],
)
def test_who_gets_a_page_for_a_route(accept, mode, allowed):
    fields = {"HTTP_ACCEPT": accept, "HTTP_SEC_FETCH_MODE": mode}
    assert accepts_page({name: value for name, value in fields.items() if value is not None}) is allowed


@pytest.mark.parametrize(
    ("environ", "location"),
    [
        pytest.param({"PATH_INFO": "/sub"}, "/sub/", id="at the root"),
        pytest.param({"PATH_INFO": "sub"}, "/sub/", id="without a slash at its beginning"),
        pytest.param({"SCRIPT_NAME": "/m", "PATH_INFO": "/sub"}, "/m/sub/", id="below a mount point"),
        pytest.param({"SCRIPT_NAME": "/", "PATH_INFO": "/sub"}, "/sub/", id="mounted at a slash"),
        pytest.param({"SCRIPT_NAME": "/manual"}, "/manual/", id="the mount point"),
        pytest.param({"SCRIPT_NAME": "/m", "QUERY_STRING": "a=b&c=%20"}, "/m/?a=b&c=%20", id="with a query"),
        pytest.param({"PATH_INFO": "/\xc3\xa4 %?#:"}, "/%C3%A4%20%25%3F%23%3A/", id="what must be encoded"),
        pytest.param({"PATH_INFO": "/a", "QUERY_STRING": "\r\n\xff#"}, "/a/?%0D%0A%FF%23", id="a hostile query"),
        pytest.param({}, "/", id="an empty path"),
        pytest.param({"PATH_INFO": "//evil.example"}, "/.//evil.example/", id="what would be a host"),
        pytest.param({"SCRIPT_NAME": "//evil.example"}, "/.//evil.example/", id="a mount that would be a host"),
        pytest.param({"PATH_INFO": "/\\evil.example"}, "/%5Cevil.example/", id="the other slash"),
        pytest.param({"PATH_INFO": "/a", "QUERY_STRING": "q" * 16380}, "/a/?" + "q" * 16380, id="the longest"),
        pytest.param({"PATH_INFO": "/a", "QUERY_STRING": "q" * 16381}, None, id="a character more"),
        pytest.param({"PATH_INFO": "/a", "QUERY_STRING": "<" * 6000}, None, id="too long once encoded"),
        pytest.param({"PATH_INFO": "/a" * 9000}, None, id="a long path"),
        pytest.param({"PATH_INFO": "/\u20ac"}, None, id="what is not latin-1"),
    ],
)
def test_the_address_with_a_slash(environ, location):
    assert slash_location(environ) == location


@given(environ=ENVIRONS)
def test_a_redirect_stays_on_its_host_and_keeps_its_path(environ):
    location = slash_location(environ)
    assert resolve(location, HERE) == HERE
    path = unquote_to_bytes(location.partition("?")[0]).decode("latin-1")
    asked = environ.get("SCRIPT_NAME", "").rstrip("/") + environ.get("PATH_INFO", "")
    assert path in {f"{asked}/", f"/{asked}/", f"/.{asked}/", asked or "/"}


@given(site=SITES, environ=ENVIRONS, path=st.one_of(st.text(max_size=20), PATHS))
def test_no_lookup_leaves_what_its_path_allows(site, environ, path):
    for _, found in lookups(site, path, environ):
        assert found in {path, site.fallback} or found.removesuffix("index.html").rstrip("/") == path.rstrip("/")
        assert stays_beneath(found) or not stays_beneath(path)


@given(site=SITES, environ=ENVIRONS, path=st.text(max_size=20))
def test_a_fallback_comes_after_all_files(site, environ, path):
    steps = [step for step, _ in lookups(site, path, environ)]
    order = [Step.FILE, Step.REDIRECT, Step.FALLBACK]
    assert sorted(steps, key=order.index) == steps
