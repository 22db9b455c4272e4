"""The Prometheus gauges of ``docs/how-to/health-and-metrics.md`` on gunicorn, as that page configures it."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

import pytest
from servers.server_processes import PATIENCE, cases, serve

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "health-and-metrics.md"
APP = """
import os

from gevent import sleep
from metrics import metrics
from wsgiresp.responses import EventSourceResponse

def ticks():
    while True:
        yield str(os.getpid())
        sleep(60)

def app(environ, start_response):
    response = metrics() if environ["PATH_INFO"] == "/metrics" else EventSourceResponse(ticks())
    return response(environ, start_response)
"""

MOST_STREAMS = 200


@pytest.fixture
def folder(tmp_path):
    """A folder with the two modules of the page, and an application that uses them."""
    pytest.importorskip("prometheus_client")
    for block in re.findall(r"^```python\n# ([\w.]+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S):
        name, text = block
        (tmp_path / name).write_text(text.replace("PUBLISH_EVERY = 5.0", "PUBLISH_EVERY = 0.05"))
    (tmp_path / "metrics_app.py").write_text(APP)
    (tmp_path / "files").mkdir()
    return tmp_path


def scraped(server, wanted):
    """Return the gauge of streams once it is *wanted*, or what it is at the end of the patience."""
    deadline = time.monotonic() + PATIENCE
    while True:
        text = server.exchange("GET", "/metrics").body.decode()
        (number,) = re.findall(r"^wsgiresp_streams (.*)$", text, re.M)
        if float(number) == wanted or time.monotonic() > deadline:
            return float(number)


def streams_of_both(server, stack):
    """Open streams until each of the two workers serves one, and return how many there are."""
    workers = set()
    for count in range(1, MOST_STREAMS):
        connection = stack.enter_context(server.connect())
        connection.request("GET", "/events")
        pieces = connection.pieces(connection.head())
        received = b""
        while not (data := re.search(rb"data: (\d+)\n", received)):
            received += next(pieces)
        workers.add(data[1])
        if len(workers) == 2:
            return count
    raise TimeoutError(f"one worker serves all of {MOST_STREAMS} streams")


@pytest.mark.parametrize("name", cases("gunicorn:gevent"))
def test_a_scrape_of_one_worker_has_the_streams_of_all(folder, name):
    environ = {"PROMETHEUS_MULTIPROC_DIR": str(folder / "files")}
    options = ("--config", "gunicorn.conf.py")
    with serve(name, "metrics_app:app", *options, folder=folder, environ=environ) as server:
        with contextlib.ExitStack() as stack:
            count = streams_of_both(server, stack)
            assert scraped(server, count) == count
        assert scraped(server, 0) == 0
        assert len(list((folder / "files").iterdir())) == 2
        server.stop()
    assert list((folder / "files").iterdir()) == []
