"""Targets of redirects, as a browser would follow them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._protocol.locations import ascii_host, location, reference

SPECIAL = {"ftp", "http", "https", "ws", "wss"}
SLASHES = "/\\"


class Place(NamedTuple):
    """A scheme and a host; the host is empty where the URL has none, and None where the parser fails."""

    scheme: str
    host: str | None


def resolve(target: str, base: Place) -> Place:
    """Return where a browser goes from *base*, a special one, by the states of WHATWG URL that decide on hosts."""
    text = re.sub(r"[\t\r\n]", "", target.strip("".join(map(chr, range(0x21)))))
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if match is None:
        return _relative(text, base)
    scheme, rest = match[1].lower(), text[match.end() :]
    if scheme not in SPECIAL:
        return Place(scheme, _opaque_host(rest[2:]) if rest.startswith("//") else "")
    if scheme == base.scheme and not rest.startswith("//"):
        return _relative(rest, base)
    return Place(scheme, _host(rest.lstrip(SLASHES)))


def _relative(text: str, base: Place) -> Place:
    if text[:1] and text[:1] in SLASHES and text[1:2] and text[1:2] in SLASHES:
        return Place(base.scheme, _host(text.lstrip(SLASHES)))
    return base


def _host(text: str) -> str | None:
    """Return the host of *text*, which begins with the authority of a special scheme."""
    authority = re.split(r"[/\\?#]", text, maxsplit=1)[0]
    host_and_port = authority.rpartition("@")[2]
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?", host_and_port)
    if match is None or not match[1] or int(match[2] or 0) > 65535:
        return None
    host = unquote(match[1]).lower()
    return None if re.search(r"[\x00-\x20#/<>?@\\^|%\x7f]", host) else host


def _opaque_host(text: str) -> str:
    return re.split(r"[/?#]", text, maxsplit=1)[0].rpartition("@")[2].partition(":")[0]


HERE = Place("https", "here.example")


class Url:
    """An object of a user that is a URL by its str()."""

    def __str__(self) -> str:
        return "https://a.example/é"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        pytest.param("/", "/", id="the root"),
        pytest.param("", "", id="this very page"),
        pytest.param("/items/42?page=2&sort=name#top", "/items/42?page=2&sort=name#top", id="a plain path"),
        pytest.param("items/42", "items/42", id="a relative path"),
        pytest.param("../up", "../up", id="a path upwards"),
        pytest.param("?page=2", "?page=2", id="a query"),
        pytest.param("#top", "#top", id="a fragment"),
        pytest.param("/a//b/./../c", "/a//b/./../c", id="slashes and dots stay as they are"),
        pytest.param("/I ♥ Asterisk®/", "/I%20%E2%99%A5%20Asterisk%C2%AE/", id="Starlette's own example"),
        pytest.param("/100%/%C3%A9%2F", "/100%/%C3%A9%2F", id="what is percent-encoded stays so"),
        pytest.param('/"<>^`{|}\\', "/%22%3C%3E%5E%60%7B%7C%7D%5C", id="what no URI may hold"),
        pytest.param("/:@!$&'()*+,;=[]~-._", "/:@!$&'()*+,;=[]~-._", id="what a URI may hold"),
        pytest.param("?q=é#ü", "?q=%C3%A9#%C3%BC", id="letters in query and fragment"),
        pytest.param("/\\a.example", "/%5Ca.example", id="a backslash is no slash once encoded"),
        pytest.param("\u3000/a", "%E3%80%80/a", id="a blank outside ASCII is a letter"),
        pytest.param("1:2", "1:2", id="a colon after what is no scheme"),
        pytest.param("https://a.example", "https://a.example", id="a site"),
        pytest.param("HTTP://A.example:8000/x?y#z", "HTTP://A.example:8000/x?y#z", id="the case is kept"),
        pytest.param("https://a.example?x#y", "https://a.example?x#y", id="a query right after the host"),
        pytest.param("//a.example/x", "//a.example/x", id="a site of the same scheme"),
        pytest.param("https://a.example:/", "https://a.example:/", id="an empty port"),
        pytest.param("https://a.example./", "https://a.example./", id="a name that ends with a dot"),
        pytest.param("https://my_host/", "https://my_host/", id="an underscore in the name"),
        pytest.param("https://127.0.0.1:65535/", "https://127.0.0.1:65535/", id="an IPv4 address"),
        pytest.param("https://[::1]:80/", "https://[::1]:80/", id="an IPv6 address"),
        pytest.param("https://é:p w@a.example/", "https://%C3%A9:p%20w@a.example/", id="userinfo"),
        pytest.param("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4", id="an international name"),
        pytest.param("//BÜCHER\u3002example:1", "//xn--bcher-kva.example:1", id="an ideographic full stop"),
        pytest.param(Url(), "https://a.example/%C3%A9", id="an object with a str()"),
        pytest.param("/" + "a" * 16383, "/" + "a" * 16383, id="the longest of all"),
    ],
)
def test_a_target_is_written_as_a_uri_reference(url: object, text: str) -> None:
    assert location(url) == text


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("/a\r\nSet-Cookie: b=c", id="a line end"),
        pytest.param("/a\n", id="a line end at the end"),
        pytest.param("/a\tb", id="a tab"),
        pytest.param("/a\0", id="NUL"),
        pytest.param("/a\x7f", id="DEL"),
        pytest.param("/a\x85", id="a C1 control"),
        pytest.param("/a\ud800", id="a lone surrogate in the path"),
        pytest.param("//a\ud800.example", id="a lone surrogate in the host"),
        pytest.param(" /a", id="a leading blank"),
        pytest.param("/a ", id="a trailing blank"),
        pytest.param(" https://a.example", id="a blank before a scheme"),
        pytest.param("/" * 2 + "a" * 16383, id="one character too many"),
        pytest.param("/" + "é" * 3000, id="too many characters once encoded"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("JavaScript:alert(1)", id="a script in another case"),
        pytest.param("java\tscript:alert(1)", id="a script with a tab"),
        pytest.param("data:text/html,x", id="a document of its own"),
        pytest.param("vbscript:x", id="another script"),
        pytest.param("myapp://callback", id="the scheme of an app"),
        pytest.param("localhost:8000/a", id="a host that looks like a scheme"),
        pytest.param("http:", id="a scheme alone"),
        pytest.param("http:a.example", id="a scheme without slashes"),
        pytest.param("https:/a.example", id="a scheme with one slash"),
        pytest.param("https:\\\\a.example", id="a scheme with backslashes"),
        pytest.param("https:///a.example", id="a scheme with three slashes"),
        pytest.param("https://", id="no host"),
        pytest.param("//", id="two slashes"),
        pytest.param("///a.example", id="three slashes"),
        pytest.param("https://?a", id="a query in place of a host"),
        pytest.param("https://:80/", id="a port without a host"),
        pytest.param("https://user@/", id="a user without a host"),
        pytest.param("https://a.example:65536/", id="a port too large"),
        pytest.param("https://a.example:http/", id="a port that is no number"),
        pytest.param("https://a.example:\u0661/", id="a port of other digits"),
        pytest.param("https://a.example:1:2/", id="two ports"),
        pytest.param("https://[::1/", id="a bracket that does not close"),
        pytest.param("https://::1]/", id="a bracket that does not open"),
        pytest.param("https://[::1]a/", id="letters after a bracket"),
        pytest.param("https://[:::1]/", id="no IPv6 address"),
        pytest.param("https://[::1%25eth0]/", id="a zone of an IPv6 address"),
        pytest.param("https://a b/", id="a blank in the host"),
        pytest.param("https://a..example/", id="an empty label"),
        pytest.param("https://a%2eexample/", id="a percent sign in the host"),
        pytest.param("https://a.example\\@b.example/", id="a backslash before an at sign"),
        pytest.param("https://a@b@c.example/", id="two at signs"),
        pytest.param("https://a.example\\b/", id="a backslash in the host"),
        pytest.param("https://" + "a" * 64 + ".example/", id="a label too long"),
        pytest.param("https://" + "é" * 64 + ".example/", id="an international label too long"),
        pytest.param("https://" + "é" * 63 + ".example/", id="an international label too long once encoded"),
        pytest.param("https://" + "a." * 127 + "a/", id="a name too long"),
        pytest.param("https://" + "é." * 100 + "a/", id="an international name too long once encoded"),
        pytest.param("//" + "e\u0301" * 32 + ".example/", id="an international label of 64 characters that compose"),
        pytest.param("//" + ("\u00ad" * 60 + "é.") * 5 + "example/", id="an international name of soft hyphens"),
        pytest.param("https://a\u2100b/", id="a letter that normalises to a slash"),
        pytest.param("https://faß.example/", id="a letter that versions of IDNA read as two hosts"),
        pytest.param("https://a\u200db.example/", id="a joiner that versions of IDNA read as two hosts"),
    ],
)
def test_what_no_browser_should_follow_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError, match="url must") as caught:
        location(url)
    assert type(caught.value) is ValueError


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(None, id="None"),
        pytest.param(b"/a", id="bytes"),
        pytest.param(bytearray(b"/a"), id="a bytearray"),
        pytest.param(memoryview(b"/a"), id="a memoryview"),
    ],
)
def test_what_has_no_url_for_its_str_is_a_type_error(url: object) -> None:
    with pytest.raises(TypeError, match="url must"):
        location(url)


def test_a_refused_megabyte_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ValueError, match="1000001") as caught:
        location("/" + "\ufdfa" * 1_000_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("url", "text"),
    [
        pytest.param("myapp://callback/é", "myapp://callback/%C3%A9", id="with an authority"),
        pytest.param("MyApp:///callback", "MyApp:///callback", id="with an empty authority"),
        pytest.param("myapp:callback", "myapp:callback", id="without an authority"),
    ],
)
def test_the_scheme_of_an_app_is_allowed_by_name(url: str, text: str) -> None:
    assert location(url, allowed_schemes=["MYAPP"]) == text


def test_http_is_refused_where_it_is_not_allowed() -> None:
    with pytest.raises(ValueError, match="scheme"):
        location("http://a.example", allowed_schemes={"https"})


HOSTS = ["A.example", "b.example:8443", "BÜCHER.example", "[::1]:80"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/",
        "a/b",
        "?next=//evil.example",
        "#//evil.example",
        "/a//evil.example",
        "/a\\b",
        "./\\evil.example",
        "https://a.example",
        "//A.EXAMPLE/x",
        "http://b.example:8443/",
        "https://bücher.example/",
        "https://xn--bcher-kva.example/",
        "https://[::1]:80/",
    ],
)
def test_a_target_on_this_site_or_an_allowed_host_is_accepted(url: str) -> None:
    assert resolve(location(url, allowed_hosts=HOSTS), HERE).host in {
        "here.example",
        "a.example",
        "b.example",
        "xn--bcher-kva.example",
        "[::1]",
    }


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://evil.example/", id="another host"),
        pytest.param("//evil.example", id="another host of the same scheme"),
        pytest.param("///evil.example", id="three slashes"),
        pytest.param("////evil.example", id="four slashes"),
        pytest.param("/\\evil.example", id="a slash and a backslash"),
        pytest.param("\\/evil.example", id="a backslash and a slash"),
        pytest.param("\\\\evil.example", id="two backslashes"),
        pytest.param("/\\/a.example", id="an allowed host after a backslash"),
        pytest.param("/\t/evil.example", id="a tab between the slashes"),
        pytest.param("\t//evil.example", id="a tab before the slashes"),
        pytest.param("/\n/evil.example", id="a line end between the slashes"),
        pytest.param(" //evil.example", id="a blank before the slashes"),
        pytest.param("https:evil.example", id="a scheme without slashes"),
        pytest.param("https:/evil.example", id="a scheme with one slash"),
        pytest.param("https:\\evil.example", id="a scheme with a backslash"),
        pytest.param("https:///evil.example", id="a scheme with three slashes"),
        pytest.param("https://a.example@evil.example", id="an allowed host as the user"),
        pytest.param("https://user@a.example", id="a user at an allowed host"),
        pytest.param("https://@a.example", id="an empty user at an allowed host"),
        pytest.param("https://evil.example\\@a.example", id="a backslash before the at sign"),
        pytest.param("https://evil.example#@a.example", id="a fragment before the at sign"),
        pytest.param("https://evil.example?a.example", id="an allowed host in the query"),
        pytest.param("https://a.example.evil.example", id="an allowed host at the beginning"),
        pytest.param("https://evila.example", id="an allowed host at the end"),
        pytest.param("https://sub.a.example", id="a host below an allowed one"),
        pytest.param("https://a.example.", id="an allowed host and a dot"),
        pytest.param("https://a.example:8443", id="a port that is not allowed"),
        pytest.param("https://a.example:443", id="the default port, not named"),
        pytest.param("https://b.example", id="without the port that is allowed"),
        pytest.param("https://a%2eexample", id="an encoded dot"),
        pytest.param("https://evil\u3002example", id="an ideographic full stop"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("myapp:callback", id="an app without an authority"),
        pytest.param("myapp:///callback", id="an app with an empty authority"),
        pytest.param("myapp://callback", id="an app with another authority"),
    ],
)
def test_a_target_that_leaves_the_allowed_hosts_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError, match="url must"):
        location(url, allowed_schemes=("http", "https", "myapp"), allowed_hosts=HOSTS)


def test_an_app_is_allowed_by_scheme_and_authority() -> None:
    assert location("myapp://a.example/x", allowed_schemes={"myapp"}, allowed_hosts=HOSTS) == "myapp://a.example/x"


@pytest.mark.parametrize("empty", [(), [], frozenset(), {}], ids=["a tuple", "a list", "a set", "a mapping"])
def test_an_empty_collection_allows_no_host(empty: Collection[str]) -> None:
    with pytest.raises(ValueError, match="this site"):
        location("https://a.example", allowed_hosts=empty)


def test_userinfo_is_not_allowed_by_name() -> None:
    with pytest.raises(ValueError, match="this site"):
        location("https://user@a.example", allowed_hosts=["user@a.example"])


def test_an_empty_collection_allows_this_site() -> None:
    assert location("/a", allowed_hosts=()) == "/a"


@pytest.mark.parametrize("argument", ["allowed_hosts", "allowed_schemes"])
@pytest.mark.parametrize("strings", ["a.example", b"a.example", [b"a.example"], [1]], ids=repr)
def test_what_is_no_collection_of_str_is_a_type_error(argument: str, strings: Any) -> None:
    with pytest.raises(TypeError, match=argument):
        location("https://a.example/", **{argument: strings})


def test_one_host_in_place_of_a_collection_is_a_type_error_for_any_target() -> None:
    with pytest.raises(TypeError, match="allowed_hosts"):
        location("/a", allowed_hosts="a.example")


@pytest.mark.parametrize("host", ["", "*.example", "https://a.example", "a.example/", "a.example:http", "faß.example"])
def test_an_allowed_host_that_is_none_is_a_value_error(host: str) -> None:
    with pytest.raises(ValueError, match="allowed_hosts must"):
        location("https://a.example/", allowed_hosts=[host])


def test_a_host_is_called_by_the_name_of_its_argument_where_it_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"^domain must have a host name .*'a b'"):
        ascii_host("domain", "a b")


@pytest.mark.parametrize(
    ("iri", "uri"),
    [
        pytest.param("/é", "/%C3%A9", id="a path"),
        pytest.param("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4", id="an international name"),
        pytest.param("https:a\\b", "https:a%5Cb", id="what is no target of a redirect"),
        pytest.param("//a.example:99999/x", "//a.example:99999/x", id="an authority in ASCII is not judged"),
    ],
)
def test_a_reference_is_written_as_a_uri(iri: str, uri: str) -> None:
    assert reference(iri) == uri


@pytest.mark.parametrize(
    "iri",
    [
        pytest.param("//é..example/", id="an international name with an empty label"),
        pytest.param("/\ud800", id="a lone surrogate in the path"),
        pytest.param("//\ud800@a.example/", id="a lone surrogate in the userinfo"),
    ],
)
def test_a_reference_that_cannot_be_a_uri_is_a_value_error(iri: str) -> None:
    with pytest.raises(ValueError, match="Location must") as caught:
        reference(iri)
    assert type(caught.value) is ValueError


# What parsers of URLs disagree on, and the parts of hosts, allowed or not.
PIECES = st.one_of(
    st.sampled_from(["/", "\\", ":", "@", "?", "#", "[", "]", ".", "\t", "\n", "\0", " ", "\x85", "\u3002", "\uff0f"]),
    st.sampled_from(["http:", "https:", "HTTPS:", "ftp:", "app:", "javascript:", "//", "https://", "//example.com"]),
    st.sampled_from(["example.com", "EXAMPLE.com", "evil.example", ".evil.example", "é", "ß", "xn--", "\ud800", "::1"]),
    st.sampled_from(["x", "..", "%2f", "%5c", "%", ":80", "user@"]),
)
STARTS = st.sampled_from(["", "/", "//", "\\", "https:", "http://", "https://", "//example.com", "https://example.com"])
TARGETS = st.one_of(
    st.tuples(STARTS, st.lists(PIECES, max_size=6).map("".join)).map("".join),
    st.text(max_size=20),
)
SCHEMES = ("http", "https", "ftp", "app")


@given(url=TARGETS)
def test_no_accepted_target_leaves_the_allowed_host(url: str) -> None:
    text = accepted(url, allowed_schemes=SCHEMES, allowed_hosts={"example.com"})
    if text is not None:
        assert resolve(text, Place("https", "example.com")).host == "example.com"


@given(url=TARGETS)
def test_no_accepted_target_leaves_the_site_where_no_host_is_allowed(url: str) -> None:
    text = accepted(url, allowed_schemes=SCHEMES, allowed_hosts=())
    if text is not None:
        assert resolve(text, HERE) == HERE


@given(url=TARGETS)
def test_no_target_is_read_as_another_one_than_was_written(url: str) -> None:
    text = accepted(url)
    if text is not None:
        assert text.isascii()
        assert text.isprintable()
        assert " " not in text
        assert location(text) == text
        assert resolve(text, HERE).scheme in {"http", "https"}
        assert resolve(text, HERE).host


@given(path=st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40))
def test_any_path_is_accepted_and_means_the_same_once_encoded(path: str) -> None:
    assert unquote(location(f"/a/{path}/")) == unquote(f"/a/{path}/")


def accepted(url: str, **allowed: Any) -> str | None:
    """Return the text for *url*, None if it is refused by name and not by the error of a codec."""
    try:
        return location(url, **allowed)
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        return None
