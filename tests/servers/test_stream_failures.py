"""A source that raises, on every server: no client takes a part for the whole, and the log tells of it once."""

from __future__ import annotations

import contextlib
import re
from typing import NamedTuple

import pytest
from servers.http_client import Answer, TruncatedError
from servers.server_faults import ANSWERS_NOTHING, END_AS_IF_WHOLE, TELLS_NO_CAUSES
from servers.server_processes import cases, serve
from servers.stream_clients import SHOW_SOCKET

ERRORS = ["LookupError", "OSError", "ConnectionResetError", "GreenletExit", "SystemExit", "CancelledError"]


class Failure(NamedTuple):
    """A client of the route ``fails``, whose source raises."""

    kind: str
    source: str
    error: str
    at: str

    @property
    def word(self) -> str:
        """What the log calls it."""
        return "-".join(self)

    @property
    def target(self) -> str:
        """What it asks for."""
        return f"/fails/{'/'.join(self)}/{self.word}"


KINDS = ["events", "bytes"]
SOURCES = ["sync", "async"]
LATE = [Failure(kind, source, error, "second") for kind in KINDS for source in SOURCES for error in ERRORS]
EARLY = [Failure(kind, source, "LookupError", "first") for kind in KINDS for source in SOURCES]


class Report(NamedTuple):
    """What the clients of a server got, None for a broken transfer, and its log from the start to the end."""

    server_name: str
    answers: dict[Failure, Answer | None]
    log: str


@pytest.fixture(scope="session")
def report(server_name):
    """What a server makes of all failures."""
    answers = {}
    with serve(server_name, "streams:app") as server:
        for failure in [*LATE, *EARLY]:
            try:
                answers[failure] = server.exchange("GET", failure.target)
            except TruncatedError:
                answers[failure] = None
            server.log.wait_for(rf"after {failure.word} ")
        with server.connect() as connection:
            connection.exchange("GET", "/text", ("Connection", "close"))
            connection.ends()
        return Report(server_name, answers, server.stop())


def by_word(failure):
    return failure.word


@pytest.mark.parametrize("failure", LATE, ids=by_word)
def test_an_error_after_the_first_chunk_is_a_broken_transfer_wherever_the_server_can_say_so(
    report, failure, note_fault
):
    answer = report.answers[failure]
    if fault := END_AS_IF_WHOLE.get(report.server_name):
        note_fault(fault, shows=answer is not None)
        assert answer is None or answer.status == 200
    else:
        assert answer is None


@pytest.mark.parametrize("failure", EARLY, ids=by_word)
def test_an_error_before_the_first_chunk_is_the_servers_500(report, failure, note_fault):
    answer = report.answers[failure]
    if fault := ANSWERS_NOTHING.get(report.server_name):
        note_fault(fault, shows=answer is None)
        assert answer is None or answer.status == 500
    else:
        assert answer is not None
        assert answer.status == 500


@pytest.mark.parametrize("failure", [*LATE, *EARLY], ids=by_word)
def test_the_log_tells_of_an_error_once(report, failure, note_fault):
    # What servers could take for their own or for nothing is replaced by another error, which names it.
    whole = re.findall(rf"^(?:[\w.]+\.)?{failure.error}: failed {failure.word}$", report.log, re.MULTILINE)
    named = re.findall(rf"^RuntimeError: .*{failure.error}\('failed {failure.word}'\)$", report.log, re.MULTILINE)
    is_replaced = failure.error != "LookupError"
    assert len(named) == is_replaced
    if is_replaced and (fault := TELLS_NO_CAUSES.get(report.server_name)):
        note_fault(fault, shows=not whole)
        assert len(whole) <= 1
    else:
        assert len(whole) == 1


@pytest.mark.parametrize("failure", [*LATE, *EARLY], ids=by_word)
def test_the_task_after_an_error_is_run_once(report, failure):
    assert report.log.count(f": after {failure.word} in ") == 1


@pytest.fixture
def server(server_name, served):
    return served(server_name, "streams:app")


@pytest.mark.parametrize("server_name", cases(*SHOW_SOCKET))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", ["LookupError", "OSError", "GreenletExit"])
def test_a_client_of_http_1_0_sees_a_reset_where_its_socket_is_shown(server, kind, error):
    failure = Failure(kind, "sync", error, "second")
    with server.connect() as connection:
        connection.send(f"GET {failure.target} HTTP/1.0\r\n\r\n".encode())
        with pytest.raises(TruncatedError, match="reset"):
            list(connection.pieces(connection.head()))
    server.log.wait_for(f"after {failure.word} ")
    server.log.wait_for(f"{error}: failed {failure.word}\n")


@pytest.mark.parametrize("length", [pytest.param("5", id="a byte less"), pytest.param("7", id="a byte more")])
def test_a_length_that_is_not_that_of_the_body_is_no_whole_answer(server, length):
    word = f"announced-{length}"
    # Chunks that are ready together are one, and one that is too long is known to be before anything is sent.
    with contextlib.suppress(TruncatedError):
        assert server.exchange("GET", f"/announced/{length}/{word}").status == 500
    server.log.wait_for(f"after {word} ")
    server.log.wait_for(f"ValueError: Content-Length must be that of the body: {length} bytes, got 1 ")
