"""The reference tells of every public name what the code says of it: parameters, defaults, methods, attributes."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from public_names import members, parameters, public_names, times

from wsgiresp import testing
from wsgiresp._files import block_budget, content_digest, memory_digest, range_reader
from wsgiresp._protocol import (
    caching,
    disposition,
    event_reader,
    file_versions,
    header_validation,
    locations,
    one_line,
    ranges,
    set_cookie,
)
from wsgiresp._runtime import blocked_thread, child_reaper, disconnect, shutdown, threads, wakeup_event
from wsgiresp._streams import bounded_buffer, policy, stream_source, write_timeout
from wsgiresp._tasks import greenlet_pool, retry, thread_tasks, worker_pool
from wsgiresp.adapters import gunicorn
from wsgiresp.responses import events

PAGES = sorted((Path(__file__).parents[1] / "docs" / "reference").glob("*.md"))
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)

TABLE = re.compile(r"^\| Parameter of (.+?) \| Default \| Unit \| .+\n\|[-|]+\n((?:\|.+\n)*)", re.M)
ROW = re.compile(r"^\| `(\w+)` \| (?:(`.*?`) )?\| (?:(\w+) )?\| ", re.M)

NAMES = public_names()
REQUIRED = object()


def tables():
    """Return name to default and unit of each parameter that a table has, by the name that the table is for."""
    found = {}
    for names, rows in TABLE.findall(TEXT):
        for name in re.findall(r"`([\w.]+)`", names):
            assert name not in found, f"there are two tables for {name}"
            found[name] = {row[0]: (value(row[1]), row[2]) for row in ROW.findall(rows)}
    return found


def value(text):
    return ast.literal_eval(text.strip("`")) if text else REQUIRED


def named(name):
    """Return the public object of this *name*, or the method of one."""
    if name in NAMES:
        return NAMES[name]
    owner, _, method = name.rpartition(".")
    return getattr(NAMES[owner], method)


def shown_whole():
    """Return the members of the classes that the reference shows with all of them."""
    names = re.findall(r"autoclass:: ([\w.]+)\n   :members:$", TEXT, re.M)
    kinds = [kind for name, kind in NAMES.items() if name.rpartition(".")[2] in names]
    return {member for kind in kinds for member in members(kind)}


TABLES = tables()
WITH_PARAMETERS = [name for name, found in NAMES.items() if callable(found) and parameters(found) and name != "Headers"]
MEMBERS = sorted({name for kind in NAMES.values() if inspect.isclass(kind) for name in members(kind)} - shown_whole())


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_in_the_reference(name):
    last = name.rpartition(".")[2]
    assert re.search(rf"auto(class|function):: [\w.]*\b{last}$|`{last}`", TEXT, re.M)


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_a_public_name_has_a_table_of_its_parameters(name):
    assert name in TABLES


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_parameters_and_defaults_of_the_code(name):
    defaults = {
        parameter.name: REQUIRED if parameter.default is parameter.empty else parameter.default
        for parameter in parameters(named(name)).values()
    }
    assert {row: default for row, (default, _) in TABLES[name].items()} == defaults


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_unit_of_a_time(name):
    with_unit = {row for row, (_, unit) in TABLES[name].items() if unit in ("seconds", "milliseconds")}
    assert set(times(named(name))) <= with_unit


@pytest.mark.parametrize("name", MEMBERS)
def test_a_public_method_or_attribute_is_in_the_reference(name):
    assert re.search(rf"`{name}(\(\))?`|auto(method|attribute):: {name}$|:members:.*\b{name}\b", TEXT, re.M)


@pytest.mark.parametrize(
    ("what", "number"),
    [
        ("length of a cookie's `path`", set_cookie._LONGEST_PATH),
        ("year of a cookie's `expires`", set_cookie._FIRST_YEAR),
        ("length of a redirect target", locations._LONGEST),
        ("length of a host name", locations._LONGEST_NAME),
        (
            "header names, media types (for each charset) and cookie names whose check is remembered",
            header_validation._ORDINARY_LIMIT,
        ),
        ('`max_age="immutable"`', caching._YEAR),
        ("length of the name in `filename*` of a Content-Disposition, in UTF-8", disposition._LONGEST),
        ("length of the name in its `filename`", disposition._LONGEST_FALLBACK),
        ("end of such a name that is kept when it is cut", disposition._LONGEST_ENDING),
        ("bytes that are read and sent at a time", range_reader.BLOCK_SIZE),
        ("size of the blocks of all downloads of a worker, beyond 8192 bytes for each", block_budget.BUDGET),
        ("bytes at a time while less than half of that is left", block_budget.MIDDLE_BLOCK),
        ("bytes at a time when nothing is left, and every download may have", block_budget.SMALLEST_BLOCK),
        ("bytes of a `BytesIO` that are hashed in one job of such a thread", memory_digest.BYTES_PER_JOB),
        ("ranges of one request", ranges.LIMIT),
        (
            "earliest mtime that makes a Last-Modified, and a tag without inode and ctime",
            file_versions.FIRST_CREDIBLE,
        ),
        ("file with an earlier mtime whose content is read for its tag", content_digest.LARGEST),
        ("bytes that are ready when the generator waits for its client", bounded_buffer.HIGH_WATERMARK),
        ("the same, whatever the number of chunks", bounded_buffer.MAX_BUFFERED),
        ("chunks that are joined", bounded_buffer._COALESCE_LIMIT),
        ("bytes that are read of a file object at a time", stream_source.READ_SIZE),
        ("streams woken at once, before the hub polls its sockets", wakeup_event.SLICE_LENGTH),
        ("time after which it polls them before that", wakeup_event.SLICE_TIME),
        ("wait for a content to be closed when its client has left", policy.CLOSE_TIMEOUT),
        ("looks at `waitress.client_disconnected`, beside the socket and without one", disconnect._ASK_WAITRESS_EVERY),
        ("`retry` when a stream is ended by `max_age` or with its worker", events.RETRY),
        ("time from a ping to the second ping, where the server shows no socket", policy.SECOND_PING_AFTER),
        ("looks at what a client has acknowledged, for each `send_timeout`", write_timeout.LOOKS),
        (
            "looks without a newly acknowledged byte, after which the client is dropped",
            write_timeout._LOOKS_WITHOUT_PROGRESS,
        ),
        ("digits of a `retry` that `wsgiresp.testing` reads", event_reader._MOST_DIGITS),
        (
            "wait for an error of the content before the headers go out, where another thread steps it",
            policy.FIRST_STEP_GRACE,
        ),
        ("tasks at once, those of one response counted as one, under gevent (`limit`)", greenlet_pool.MAX_RUNNING),
        ("wait for them when the process ends (`drain`)", worker_pool.DRAIN_TIMEOUT),
        ("looks at the tasks of other threads, when the process ends", threads.WAIT_INTERVAL),
        ("time for an aborted task to clean up", retry.CLEANUP_TIMEOUT),
        ("pause before the second attempt, random", retry.FIRST_BACKOFF),
        ("each further pause", retry.LONGEST_BACKOFF),
        ("looks at whether gunicorn's worker is to stop", shutdown.LOOK_AT_WORKER_EVERY),
        ("time in which an idle connection may bring one more request", gunicorn._LINGER),
        ("time for streams to end in, from when they are asked, where the worker exits", shutdown.FINISH_TIMEOUT),
        ("wait for one such source that goes on", policy.CLOSE_TIMEOUT_ABORTED),
        ("time before the server kills at which tasks are aborted", shutdown.KILL_MARGIN),
        (
            "wait for the exit status of a child process that another part of the process has reaped,"
            " under gevent's patches",
            child_reaper._NOTE_TIMEOUT,
        ),
        ("looks of a connection at whether its task got a slot, beside being woken", greenlet_pool._SLOT_CHECK),
        (
            "worker threads for the tasks of bodies that were dropped without `close()`, without a hub",
            thread_tasks.MAX_THREADS,
        ),
        ("length of a name or text in a line of the log", one_line._LONGEST),
        (
            "time after the `timeout` of a step, at which an app that blocks the main thread is interrupted",
            blocked_thread._MARGIN,
        ),
        ("time between two interruptions", blocked_thread._AGAIN_AFTER),
        ("`timeout` of `visit` and of a `Visitor`", testing.TIMEOUT),
    ],
)
def test_a_number_of_the_defaults_is_that_of_the_code(what, number):
    (row,) = (line for line in TEXT.splitlines() if line.startswith(f"| {what} | "))
    assert f"{number:.12g}" in re.findall(r"[\d.]+", row.split(" | ")[1])
