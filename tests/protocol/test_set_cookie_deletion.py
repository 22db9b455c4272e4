"""The fields by which a browser forgets a cookie."""

from __future__ import annotations

from typing import Any

import pytest
from protocol.cookie_parser import kept, parse

from wsgiresp._protocol.set_cookie import deletion_value


@pytest.mark.parametrize(
    "key", [f"{prefix}k" for prefix in ("", "__Secure-", "__secure-", "__Host-", "__HOST-", "__Http-", "__host-http-")]
)
def test_the_deletion_of_any_name_is_kept_by_browsers(key: str) -> None:
    cookie = parse(deletion_value(key))
    assert kept(cookie)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        pytest.param(
            {},
            "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax",
            id="the defaults are Starlette's",
        ),
        pytest.param(
            {"path": "/a", "domain": ".a.example", "httponly": True, "samesite": None},
            "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Domain=a.example; HttpOnly; Path=/a",
            id="the attributes of the cookie",
        ),
        pytest.param(
            {"samesite": "none"},
            "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/; SameSite=None",
            id="samesite none is secure",
        ),
        pytest.param(
            {"partitioned": True},
            "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/; SameSite=Lax; Partitioned",
            id="partitioned is secure",
        ),
    ],
)
def test_a_deletion_has_the_attributes_of_the_cookie_and_ended_at_the_epoch(
    arguments: dict[str, Any], field: str
) -> None:
    assert deletion_value("k", **arguments) == field


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"path": "/a"}, id="another path"),
        pytest.param({"path": None}, id="no path"),
        pytest.param({"domain": "a.example"}, id="a domain"),
    ],
)
def test_the_deletion_of_a_host_cookie_elsewhere_is_a_value_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="__Host-"):
        deletion_value("__Host-k", **arguments)


def test_the_deletion_of_a_key_that_is_no_text_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="cookie name"):
        deletion_value(["k"])  # type: ignore[arg-type]
