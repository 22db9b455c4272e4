"""The end of a worker of gunicorn's, while streams, downloads and tasks are in progress: all of them finish."""

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
    assert_all_finished,
    requests_in_progress,
    send_signal,
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
def test_requests_in_progress_finish_at_sigterm(files, config):
    with requests_in_progress("gevent", files, *config, *LONG) as in_progress, in_progress.server.connect() as idle:
        idle.exchange("GET", "/text")
        send_signal(in_progress, signal.SIGTERM)
        retries = in_progress.retries()
        assert in_progress.lengths() == {LENGTH, STREAM}
        in_progress.await_end()
        assert len(set(retries)) > len(retries) / 2
        assert min(retries) >= 3000
        assert_all_finished(in_progress, in_progress.server.stop())
        assert ("hook of its own: exit" in in_progress.server.log.text) is (config is OWN_HOOKS)


def test_requests_in_progress_finish_at_a_reload_while_a_new_worker_answers(files):
    with requests_in_progress("gevent", files, *MODULE, *LONG) as in_progress, in_progress.server.connect() as idle:
        idle.exchange("GET", "/text")
        send_signal(in_progress, signal.SIGHUP)
        assert None not in in_progress.retries()
        # The downloads have not been taken, so the old one is still there.
        wait_for_another(in_progress.server, in_progress.pid)
        assert in_progress.lengths() == {LENGTH, STREAM}
        in_progress.await_end()
        assert_all_finished(in_progress, in_progress.server.stop())


def test_requests_in_progress_finish_at_the_last_request_of_a_worker(files):
    with requests_in_progress("gevent", files, *MODULE, *LONG[:2], "--max-requests", "37") as in_progress:
        assert in_progress.requests == 36
        in_progress.server.exchange("GET", "/text")
        assert None not in in_progress.retries()
        assert in_progress.lengths() == {LENGTH, STREAM}
        in_progress.await_end()
        wait_for_another(in_progress.server, in_progress.pid)
        assert_all_finished(in_progress, in_progress.server.stop())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["SIGINT", "SIGQUIT"])
def test_streams_and_tasks_finish_when_the_worker_stops_at_once(files, how):
    with (
        requests_in_progress("gevent", files, *MODULE, *LONG, downloads=0) as in_progress,
        in_progress.server.connect() as idle,
    ):
        idle.exchange("GET", "/text")
        send_signal(in_progress, how)
        assert None not in in_progress.retries()
        in_progress.await_end()
        assert_all_finished(in_progress, in_progress.server.stop())


def test_streams_and_tasks_finish_at_ctrl_c(files):
    with requests_in_progress("gevent", files, *MODULE, *LONG, downloads=0) as in_progress:
        os.killpg(in_progress.server.process.pid, signal.SIGINT)
        assert None not in in_progress.retries()
        in_progress.await_end()
        assert_all_finished(in_progress, in_progress.server.stop())


def test_requests_in_progress_finish_without_a_configuration(files):
    with requests_in_progress("gevent", files, *LONG[:2]) as in_progress:
        send_signal(in_progress, signal.SIGTERM)
        assert None not in in_progress.retries()
        assert in_progress.lengths() == {LENGTH, STREAM}
        in_progress.await_end()
        assert_all_finished(in_progress, in_progress.server.stop())


@pytest.mark.parametrize("config", [MODULE, ()], ids=["with the module", "without a configuration"])
def test_requests_in_progress_finish_in_the_server_of_gevent(files, config):
    with requests_in_progress("gevent_pywsgi", files, *config, *LONG, "--worker-class", "gevent_pywsgi") as in_progress:
        send_signal(in_progress, signal.SIGTERM)
        assert None not in in_progress.retries()
        assert in_progress.lengths() == {LENGTH, STREAM}
        in_progress.await_end()
        assert_all_finished(in_progress, in_progress.server.stop())


@pytest.mark.parametrize("config", [MODULE, ()], ids=["with the module", "without a configuration"])
def test_requests_in_progress_finish_in_threads(files, config):
    options = (*config, *LONG, "--threads", "16")
    with requests_in_progress("gthread", files, *options, streams=4, downloads=3, tasks=4) as in_progress:
        send_signal(in_progress, signal.SIGTERM)
        assert None not in in_progress.retries()
        assert in_progress.lengths() == {LENGTH, STREAM}
        in_progress.await_end()
        assert_all_finished(in_progress, in_progress.server.stop())


def test_a_stream_finishes_in_a_worker_without_other_requests(files):
    with requests_in_progress("sync", files, *MODULE, *LONG, streams=1, downloads=0, tasks=0) as in_progress:
        send_signal(in_progress, signal.SIGTERM)
        assert None not in in_progress.retries()
        in_progress.await_end()
        assert_all_finished(in_progress, in_progress.server.stop())


def test_streams_finish_when_the_master_is_killed(files):
    with requests_in_progress(
        "gthread", files, *MODULE, *LONG, "--threads", "8", streams=4, downloads=0, tasks=0
    ) as in_progress:
        in_progress.server.process.kill()
        assert None not in in_progress.retries()
        in_progress.await_end()
        assert_all_finished(in_progress, in_progress.server.log.wait_for_end())


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
