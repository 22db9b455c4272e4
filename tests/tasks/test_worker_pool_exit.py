"""Worker pool at the exit of its process, and after a fork."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from runtime.runners import in_greenlet, run_others
from tasks.fake_tasks import submit

from wsgiresp._runtime.process import part
from wsgiresp._tasks import worker_pool
from wsgiresp._tasks.worker_pool import PoolState

pytestmark = pytest.mark.usefixtures("fresh_pool")


def test_the_exit_drains_the_pool(blocking):
    worker_pool.configure(drain=0)
    in_greenlet(submit, blocking)
    part(PoolState).at_exit()
    assert blocking.outcome != "done"
    assert part(PoolState).is_draining


def test_the_exit_does_not_drain_an_idle_pool():
    in_greenlet(submit, lambda: None)
    run_others()
    part(PoolState).at_exit()
    assert not part(PoolState).is_draining


def test_after_a_fork_the_pool_runs_tasks_again(blocking):
    in_greenlet(submit, blocking)
    worker_pool.drain(0)
    part(PoolState).after_fork()
    seen: list[str] = []
    in_greenlet(submit, lambda: seen.append("done"))
    run_others()
    assert seen == ["done"]


def program(text):
    """Return the output of a Python process that runs *text*."""
    prelude = (
        "import contextvars, logging, os, gevent\nfrom wsgiresp._tasks import worker_pool\nlogging.basicConfig()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", prelude + text],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return ran.stdout + ran.stderr


SUBMIT = """
def step():
    gevent.sleep({seconds})
    print("done", flush=True)
gevent.spawn(worker_pool.submit, step, contextvars.copy_context()).join()
"""

# Submits a task that suppresses its abort.
SUBMIT_UNINTERRUPTIBLE = """
def step():
    while True:
        try:
            gevent.sleep(60)
        except gevent.GreenletExit:
            pass
worker_pool.configure(drain={seconds})
gevent.spawn(worker_pool.submit, step, contextvars.copy_context()).join()
gevent.sleep(0)
"""


# Says at exit whether the pools were drained: exit hooks that were registered before the pools' run after it.
LOG_DRAIN = """
import atexit
from wsgiresp._runtime.process import hub_parts, part
from wsgiresp._tasks.greenlet_pool import WorkerPool
atexit.register(lambda: print("drained" if part(worker_pool.PoolState).is_draining else "not drained", flush=True))
"""

AWAIT_IDLE = """
while not all(pool.is_idle for _, pool in hub_parts(WorkerPool)):
    gevent.sleep(0)
"""


def test_a_process_waits_for_its_tasks_at_exit():
    assert program(LOG_DRAIN + SUBMIT.format(seconds=0.05)) == "done\ndrained\n"


def test_a_process_aborts_tasks_that_take_too_long_at_exit():
    output = program("worker_pool.configure(drain=0)" + SUBMIT.format(seconds=60))
    assert "was aborted: the process is shutting down" in output


def test_a_process_ends_even_if_a_task_suppresses_its_abort():
    output = program(SUBMIT_UNINTERRUPTIBLE.format(seconds=0))
    assert "is still running 1 s after it was aborted" in output


def test_a_process_ends_after_a_drain_that_abandoned_a_task():
    output = program(SUBMIT_UNINTERRUPTIBLE.format(seconds=60) + "worker_pool.drain(0)")
    assert output.count("is still running 1 s after it was aborted") == 1


def test_a_process_whose_tasks_are_done_drains_nothing_at_exit():
    assert program(LOG_DRAIN + SUBMIT.format(seconds=0) + AWAIT_IDLE) == "done\nnot drained\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_starts_with_an_empty_pool():
    output = program(
        SUBMIT.format(seconds=0.05)
        + """
from wsgiresp._runtime.process import hub_parts, part
from wsgiresp._tasks.greenlet_pool import WorkerPool
from wsgiresp._tasks.worker_pool import PoolState
part(PoolState).is_draining = True
pid = os.fork()
if not pid:
    print(len(hub_parts(WorkerPool)), part(PoolState).is_draining, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""
    )
    assert output == "0 False\ndone\n"


THREAD = """
import threading, time
has_begun = threading.Event()
def step():
    has_begun.set()
    time.sleep({seconds})
    print("done", flush=True)
def serve():
    worker_pool.submit(step, contextvars.copy_context())
worker_pool.configure(drain={drain})
threading.Thread(target=serve, daemon=True).start()
has_begun.wait(20)
"""


def test_a_process_waits_at_exit_for_tasks_in_daemon_threads():
    assert program(LOG_DRAIN + THREAD.format(seconds=0.1, drain=20)) == "done\ndrained\n"


def test_a_process_logs_at_exit_the_tasks_in_daemon_threads_that_take_too_long():
    assert "is still running: the process is shutting down" in program(THREAD.format(seconds=60, drain=0))
