"""The pool at the end of its process, and at the beginning of another one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from runtime.runners import in_greenlet, run_others
from tasks.fake_tasks import do

from wsgiresp._runtime.process import part
from wsgiresp._tasks import worker_pool
from wsgiresp._tasks.worker_pool import PoolState

pytestmark = pytest.mark.usefixtures("fresh_pool")


def test_the_end_of_the_process_drains(blocking):
    worker_pool.configure(drain=0)
    in_greenlet(do, blocking)
    part(PoolState).at_exit()
    assert blocking.outcome != "done"
    assert part(PoolState).is_draining


def test_the_end_of_a_process_whose_works_are_done_drains_nothing():
    in_greenlet(do, lambda: None)
    run_others()
    part(PoolState).at_exit()
    assert not part(PoolState).is_draining


def test_a_new_start_knows_nothing_of_before(blocking):
    in_greenlet(do, blocking)
    worker_pool.drain(0)
    part(PoolState).after_fork()
    seen: list[str] = []
    in_greenlet(do, lambda: seen.append("done"))
    run_others()
    assert seen == ["done"]


def program(text):
    """What a Python process says that runs *text*."""
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


HAND_OVER = """
def step():
    gevent.sleep({seconds})
    print("done", flush=True)
gevent.spawn(worker_pool.submit, step, contextvars.copy_context()).join()
"""

# Hands over a work that goes on when it is cut.
STUBBORN = """
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


def test_a_process_that_ends_waits_for_its_works():
    assert program(HAND_OVER.format(seconds=0.05)) == "done\n"


def test_a_process_that_ends_cuts_what_takes_too_long():
    said = program("worker_pool.configure(drain=0)" + HAND_OVER.format(seconds=60))
    assert "was cut: the process ends" in said


def test_a_process_ends_though_a_work_goes_on_when_it_is_cut():
    said = program(STUBBORN.format(seconds=0))
    assert "goes on though it was cut" in said


def test_a_process_that_has_cut_its_works_ends_though_one_goes_on():
    said = program(STUBBORN.format(seconds=60) + "worker_pool.drain(0)")
    assert said.count("goes on though it was cut") == 1


def test_a_process_whose_works_are_done_ends_at_once():
    assert program(HAND_OVER.format(seconds=0) + "gevent.sleep(0.05)") == "done\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_starts_with_an_empty_pool():
    said = program(
        HAND_OVER.format(seconds=0.05)
        + """
from wsgiresp._runtime.process import hub_parts, part
from wsgiresp._tasks.worker_pool import PoolState, WorkerPool
part(PoolState).is_draining = True
pid = os.fork()
if not pid:
    print(len(hub_parts(WorkerPool)), part(PoolState).is_draining, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""
    )
    assert said == "0 False\ndone\n"
