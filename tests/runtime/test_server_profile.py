"""Server profile: the facts about a server that follow from the keys of environ and from the current greenlet."""

from __future__ import annotations

import ast
import os
import re
import socket
import ssl
from pathlib import Path

import gevent
import pytest
from gevent import socket as gevent_socket
from greenlet import greenlet
from responses.wsgi_calls import environ

from wsgiresp._runtime.server_profile import ServerProfile, show_connection, with_file_wrapper

CHECKOUT = Path(__file__).parents[2]
WAITRESS = {"waitress.client_disconnected": lambda: False}


def profile(**keys):
    return ServerProfile(environ(**keys))


class Channel:
    """A fake channel of waitress, whose environ has a method of it."""

    def __init__(self, connection):
        self.socket = connection

    def check_client_disconnected(self):
        return False


@pytest.mark.parametrize("name", ["gunicorn.socket", "gunicorn.sock", "werkzeug.socket"])
def test_each_server_has_its_own_key_for_the_connection(name):
    shown = object()
    assert profile(**{name: shown}).connection is shown


def test_the_connection_of_waitress_belongs_to_the_owner_of_a_method():
    shown = object()
    channel = Channel(shown)
    assert profile(**{"waitress.client_disconnected": channel.check_client_disconnected}).connection is shown


@pytest.mark.parametrize("keys", [{}, {"gunicorn.socket": None}, WAITRESS])
def test_without_a_socket_in_the_environ_there_is_no_connection(keys):
    assert profile(**keys).connection is None


def test_show_connection_sets_the_key_of_gunicorn():
    shown, keys = object(), environ()
    show_connection(keys, shown)
    server = ServerProfile(keys)
    assert (server.connection, server.is_gunicorn, server.shows_gunicorn_socket) == (shown, True, True)


@pytest.mark.parametrize(
    ("keys", "is_gunicorn", "shows_its_socket"),
    [
        pytest.param({"gunicorn.socket": None}, True, True, id="gunicorn"),
        pytest.param({"gunicorn.sock": None}, True, False, id="gunicorn with a server of gevent's"),
        pytest.param({"werkzeug.socket": None}, False, False, id="werkzeug's server"),
    ],
)
def test_gunicorn_is_recognized_by_its_keys(keys, is_gunicorn, shows_its_socket):
    server = profile(**keys)
    assert (server.is_gunicorn, server.shows_gunicorn_socket) == (is_gunicorn, shows_its_socket)


@pytest.mark.parametrize(
    ("protocol", "is_1_0", "is_shared"),
    [
        ("HTTP/1.0", True, False),
        ("HTTP/1.1", False, False),
        ("HTTP/2", False, True),
        ("HTTP/2.0", False, True),
        ("HTTP/3", False, True),
        (None, False, False),
    ],
)
def test_the_protocol_decides_how_a_body_ends(protocol, is_1_0, is_shared):
    keys = environ()
    keys.pop("SERVER_PROTOCOL", None)
    if protocol is not None:
        keys["SERVER_PROTOCOL"] = protocol
    server = ServerProfile(keys)
    assert (server.is_http_1_0, server.shares_connection) == (is_1_0, is_shared)


@pytest.mark.parametrize(("keys", "has_software"), [({}, False), ({"SERVER_SOFTWARE": "a/1"}, True)])
def test_server_software_is_optional(keys, has_software):
    assert profile(**keys).has_software is has_software


@pytest.mark.parametrize(("keys", "has_pool"), [({"gunicorn.socket": None}, True), (WAITRESS, True), ({}, False)])
def test_gunicorn_and_waitress_have_a_fixed_number_of_threads(keys, has_pool):
    assert profile(**keys).has_thread_pool is has_pool


@pytest.mark.parametrize(
    ("keys", "hides"),
    [({"gunicorn.socket": None}, True), ({"waitress.client_disconnected": None}, True), ({}, False)],
)
def test_gunicorn_and_waitress_take_an_os_error_for_a_lost_connection(keys, hides):
    assert ServerProfile(keys).hides_os_errors is hides


@pytest.mark.parametrize("is_multithread", [True, False])
def test_is_multithread_is_the_key_of_pep_3333(is_multithread):
    assert profile(**{"wsgi.multithread": is_multithread}).is_multithread is is_multithread


def test_a_thread_without_greenlets_is_not_cooperative():
    assert not profile().is_cooperative


def test_a_greenlet_of_the_hub_is_cooperative():
    assert gevent.spawn(lambda: profile().is_cooperative).get()


def test_a_raw_greenlet_with_a_gevent_socket_is_cooperative():
    with gevent_socket.socket() as shown:
        assert greenlet(lambda: profile(**{"gunicorn.socket": shown}).is_cooperative).switch()


def test_sendfile_is_used_on_plain_sockets_only():
    with socket.socket() as plain, gevent_socket.socket() as green:
        assert profile(**{"gunicorn.socket": plain}).has_sendfile
        assert not profile(**{"gunicorn.socket": green}).has_sendfile
    assert not profile().has_sendfile


def test_sendfile_is_not_used_over_tls():
    with ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="a.example") as shown:
        assert not profile(**{"gunicorn.socket": shown}).has_sendfile


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        pytest.param({"wsgi.file_wrapper": list}, list, id="one"),
        pytest.param({}, None, id="none"),
        pytest.param({"wsgi.file_wrapper": list, "uwsgi.version": b"2"}, None, id="uWSGI's, which closes"),
    ],
)
def test_the_file_wrapper_is_found_unless_it_is_that_of_uwsgi(keys, found):
    assert profile(**keys).file_wrapper is found


def test_with_file_wrapper_replaces_one_and_adds_none():
    assert with_file_wrapper({"wsgi.file_wrapper": list}, tuple) == {"wsgi.file_wrapper": tuple}
    assert with_file_wrapper({}, tuple) == {}


def test_waitress_closes_a_wrapped_file_in_another_thread():
    assert profile(**WAITRESS).closes_wrapper_elsewhere
    assert not profile().closes_wrapper_elsewhere


KEYS = re.compile(r"(gunicorn|werkzeug|waitress|uwsgi|wsgi|flask|django)\.\w+|SERVER_(PROTOCOL|SOFTWARE)")
OURS = ("wsgiresp.", "werkzeug.", "gunicorn.workers", "flask.", "django.")


def strings(path):
    """The text constants of a module that may be keys: no docstrings, and no names of modules."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEYS.fullmatch(node.value):
            yield node.value


def test_no_other_module_reads_the_keys_of_servers():
    found = {}
    for top in ("wsgiresp", "adapters"):
        for folder, _, names in os.walk(CHECKOUT / top):  # does not follow the link wsgiresp/adapters
            for path in (Path(folder, name) for name in names if name.endswith(".py")):
                if path.name != "server_profile.py":
                    found[path.relative_to(CHECKOUT).as_posix()] = list(strings(path))
    assert {path: keys for path, keys in found.items() if keys} == {}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param({"CONTENT_LENGTH": "5"}, True, id="a length"),
        pytest.param({"CONTENT_LENGTH": "0"}, False, id="a length of nothing"),
        pytest.param({"CONTENT_LENGTH": ""}, False, id="no length"),
        pytest.param({"HTTP_TRANSFER_ENCODING": "chunked"}, True, id="chunked"),
        pytest.param({"SERVER_PROTOCOL": "HTTP/2", "REQUEST_METHOD": "POST"}, True, id="POST in HTTP/2"),
        pytest.param({"SERVER_PROTOCOL": "HTTP/2", "REQUEST_METHOD": "GET"}, False, id="GET in HTTP/2"),
    ],
)
def test_a_request_has_a_body_where_its_head_says_so(keys, expected):
    assert profile(**keys).has_request_body is expected


def test_the_gevent_socket_of_gunicorn_is_the_connection_of_a_greenlet():
    with gevent_socket.socket() as shown:
        assert profile(**{"gunicorn.socket": shown}).greenlet_connection is shown


def test_a_connection_that_requests_share_is_not_the_connection_of_a_greenlet():
    with gevent_socket.socket() as shown:
        assert profile(**{"gunicorn.socket": shown, "SERVER_PROTOCOL": "HTTP/2"}).greenlet_connection is None


@pytest.mark.parametrize("keys", [{}, {"gunicorn.socket": None}, {"gunicorn.sock": object()}])
def test_other_servers_have_no_connection_of_a_greenlet(keys):
    assert profile(**keys).greenlet_connection is None


def test_a_tls_socket_is_not_the_connection_of_a_greenlet():
    with ssl.create_default_context().wrap_socket(gevent_socket.socket(), server_hostname="a.example") as shown:
        assert profile(**{"gunicorn.socket": shown}).greenlet_connection is None
