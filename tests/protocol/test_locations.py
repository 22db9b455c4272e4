"""Targets of redirects, as a browser would follow them."""

from __future__ import annotations

import pytest

from wsgiresp._protocol.locations import ascii_host, location, reference


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


def test_a_refused_scheme_is_told_where_to_allow_it():
    with pytest.raises(ValueError, match=r"set allowed_schemes in a subclass of RedirectResponse"):
        location("wallet://pay/5")


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
