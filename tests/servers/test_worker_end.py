"""The end of a worker of gunicorn's, while streams, downloads and tasks are under way: all of them end well."""

from __future__ import annotations

import os
import signal

import pytest
from servers.requests_in_progress import (
    LENGTH,
    LONG,
    MODULE,
    OWN_HOOKS,
    STREAM,
    assert_all_ends_well,
    tell,
    under_way,
    wait_for_another,
)
from servers.server_processes import serve


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "large.bin").write_bytes(bytes(LENGTH))
    (folder / "small.bin").write_bytes(bytes(1000))
    return folder


@pytest.mark.parametrize("config", [MODULE, OWN_HOOKS], ids=["the module", "hooks of one's own"])
def test_all_ends_well_at_sigterm(files, config):
    with under_way("gevent", files, *config, *LONG) as begun, begun.server.connect() as idle:
        idle.exchange("GET", "/text")
        tell(begun, signal.SIGTERM)
        retries = begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert len(set(retries)) > len(retries) / 2
        assert min(retries) >= 3000
        assert_all_ends_well(begun, begun.server.stop())
        assert ("hook of its own: exit" in begun.server.log.text) is (config is OWN_HOOKS)


def test_all_ends_well_at_a_reload_and_a_new_worker_answers_meanwhile(files):
    with under_way("gevent", files, *MODULE, *LONG) as begun, begun.server.connect() as idle:
        idle.exchange("GET", "/text")
        tell(begun, signal.SIGHUP)
        assert None not in begun.retries()
        # The downloads have not been taken, so the old one is still there.
        wait_for_another(begun.server, begun.pid)
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_all_ends_well_at_the_last_request_of_a_worker(files):
    with under_way("gevent", files, *MODULE, *LONG[:2], "--max-requests", "37") as begun:
        assert begun.requests == 36
        begun.server.exchange("GET", "/text")
        assert None not in begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        wait_for_another(begun.server, begun.pid)
        assert_all_ends_well(begun, begun.server.stop())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["SIGINT", "SIGQUIT"])
def test_streams_and_tasks_end_well_when_the_worker_stops_at_once(files, how):
    with under_way("gevent", files, *MODULE, *LONG, downloads=0) as begun, begun.server.connect() as idle:
        idle.exchange("GET", "/text")
        tell(begun, how)
        assert None not in begun.retries()
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_streams_and_tasks_end_well_at_ctrl_c(files):
    with under_way("gevent", files, *MODULE, *LONG, downloads=0) as begun:
        os.killpg(begun.server.process.pid, signal.SIGINT)
        assert None not in begun.retries()
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_all_ends_well_without_a_configuration(files):
    with under_way("gevent", files, *LONG[:2]) as begun:
        tell(begun, signal.SIGTERM)
        assert None not in begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


@pytest.mark.parametrize("config", [MODULE, ()], ids=["with the module", "without a configuration"])
def test_all_ends_well_in_the_server_of_gevent(files, config):
    with under_way("gevent_pywsgi", files, *config, *LONG, "--worker-class", "gevent_pywsgi") as begun:
        tell(begun, signal.SIGTERM)
        assert None not in begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


@pytest.mark.parametrize("config", [MODULE, ()], ids=["with the module", "without a configuration"])
def test_all_ends_well_in_threads(files, config):
    options = (*config, *LONG, "--threads", "16")
    with under_way("gthread", files, *options, streams=4, downloads=3, tasks=4) as begun:
        tell(begun, signal.SIGTERM)
        assert None not in begun.retries()
        assert begun.lengths() == {LENGTH, STREAM}
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_a_stream_ends_well_in_a_worker_that_has_nothing_else(files):
    with under_way("sync", files, *MODULE, *LONG, streams=1, downloads=0, tasks=0) as begun:
        tell(begun, signal.SIGTERM)
        assert None not in begun.retries()
        begun.await_end()
        assert_all_ends_well(begun, begun.server.stop())


def test_streams_end_well_when_the_master_is_killed(files):
    with under_way("gthread", files, *MODULE, *LONG, "--threads", "8", streams=4, downloads=0, tasks=0) as begun:
        begun.server.process.kill()
        assert None not in begun.retries()
        begun.await_end()
        assert_all_ends_well(begun, begun.server.log.wait_for_end())


@pytest.fixture(scope="module")
def busy(files):
    """A worker whose tasks do not end before it does."""
    with serve("gunicorn:gevent", "worker_end:app", *MODULE, environ={"FILES": str(files), "DRAIN": "0"}) as server:
        yield server


@pytest.mark.parametrize("route", ["busy-file", "busy-stream", "busy-events"])
def test_the_next_request_does_not_wait_for_the_task_after(busy, route):
    with busy.connect() as connection:
        assert connection.exchange("GET", f"/{route}/{route}.").status == 200
        assert connection.exchange("GET", "/text").status == 200
    busy.log.wait_for(f"begun {route}")
    assert f"left {route}" not in busy.log.text
