"""Early Hints, for a server that notes what it is given to send."""

from __future__ import annotations

import pytest

from wsgiresp import early_hints

STYLE = "</app.css>; rel=preload; as=style"
SCRIPT = "</app.js>; rel=modulepreload"


@pytest.fixture
def sent():
    return []


@pytest.fixture
def environ(sent):
    return {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.early_hints": sent.append}


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2", "HTTP/2.0"])
def test_links_are_sent_as_fields_in_their_order(environ, sent, protocol):
    assert early_hints({**environ, "SERVER_PROTOCOL": protocol}, iter([STYLE, SCRIPT]))
    assert sent == [[("Link", STYLE), ("Link", SCRIPT)]]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"wsgi.early_hints": None}, id="a server that cannot"),
        pytest.param({"SERVER_PROTOCOL": "HTTP/1.0"}, id="a client of HTTP/1.0"),
        pytest.param({"SERVER_PROTOCOL": "HTTP/0.9"}, id="a client of HTTP/0.9"),
    ],
)
def test_nothing_is_sent_where_server_or_client_cannot(environ, sent, change):
    assert not early_hints({**environ, **change}, [STYLE])
    assert sent == []


def test_a_client_of_unknown_http_version_is_sent_nothing(environ, sent):
    del environ["SERVER_PROTOCOL"]
    assert not early_hints(environ, [STYLE])
    assert sent == []


def test_without_links_nothing_is_sent(environ, sent):
    assert not early_hints(environ, [])
    assert sent == []


@pytest.mark.parametrize("environ_of_server", [True, False], ids=["where hints are sent", "elsewhere"])
@pytest.mark.parametrize("link", ["</a>\r\nSet-Cookie: a=b", "</a>\x00", "</\u20ac>", " </a>"])
def test_an_invalid_link_is_refused_before_any_is_sent(environ, sent, link, environ_of_server):
    with pytest.raises(ValueError, match="header 'Link' must"):
        early_hints(environ if environ_of_server else {}, [STYLE, link])
    assert sent == []


def test_a_string_is_refused_as_a_list_of_links(environ):
    with pytest.raises(TypeError, match="links must be an iterable of str"):
        early_hints(environ, "</app.css>")


def test_a_disconnected_client_is_no_error(environ):
    def send(fields):
        raise BrokenPipeError

    assert not early_hints({**environ, "wsgi.early_hints": send}, [STYLE])
