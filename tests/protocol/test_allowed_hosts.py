"""Targets of redirects that may lead to this site and to hosts by name, and to no other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from protocol.url_resolver import HERE, resolve

from wsgiresp._protocol.locations import location

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
