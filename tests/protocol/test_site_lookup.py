"""Which files of a site a request may get, in order, and where a redirect to a slash leads."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol.url_resolver import HERE, resolve

from wsgiresp._files.safe_open import stays_beneath
from wsgiresp._protocol.site_lookup import lookups, slash_location

SITE = "index.html"

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
    },
)
SITES = st.sampled_from([None, "index.html"])


def looked_up(site, path, **environ):
    return [(step.name, found) for step, found in lookups(site, path, environ)]


@pytest.mark.parametrize(
    ("site", "path", "environ", "found"),
    [
        pytest.param(None, "a.css", {}, [("FILE", "a.css")], id="a file of a folder"),
        pytest.param(None, "sub/", {}, [("FILE", "sub/")], id="a folder without an index"),
        pytest.param(None, "", {}, [], id="the root without an index"),
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
    ],
)
def test_what_a_request_looks_for(site, path, environ, found):
    assert looked_up(site, path, **environ) == found


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
        assert found == path or found.removesuffix("index.html").rstrip("/") == path.rstrip("/")
        assert stays_beneath(found) or not stays_beneath(path)
