"""The pool of greenlets that works after the response."""

from __future__ import annotations

import contextlib
import contextvars
import os
import subprocess
import sys
import threading

import gevent
import pytest
from gevent.event import Event

from wsgiresp._bodies import pool
from wsgiresp.background import BackgroundTask, BackgroundTasks

NAME = contextvars.ContextVar("name", default="none")
PATIENCE = 10


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A pool that nobody has used, drained or configured."""
    monkeypatch.setattr(pool, "_settings", pool._Settings())
    monkeypatch.setattr(pool, "LAST_WORDS", 0.05)
    yield
    if own := pool._pools.get(gevent.get_hub()):
        gevent.joinall(list(own._running), timeout=PATIENCE)
    pool._pools.clear()


def do(step):
    pool.do(step, contextvars.copy_context())


def in_greenlet(function, *arguments):
    """What *function* returns in a greenlet, as a server's for a connection."""
    return gevent.spawn(function, *arguments).get(timeout=PATIENCE)


def turns():
    """Let every greenlet run that can."""
    for _ in range(5):
        gevent.sleep(0)


class Blocking:
    """A step that says when it has begun, and waits until it may end."""

    def __init__(self, name="blocking"):
        self.name = name
        self.has_begun = Event()
        self.may_end = Event()
        self.outcome = "not done"

    def __call__(self, *arguments, **named):
        self.has_begun.set()
        try:
            if not self.may_end.wait(PATIENCE):
                raise TimeoutError("nobody has ended the step")
            self.outcome = "done"
        except BaseException as error:
            self.outcome = type(error).__name__
            raise

    def __repr__(self):
        return self.name

    __qualname__ = "blocking"


@pytest.fixture
def blocking():
    step = Blocking()
    yield step
    step.may_end.set()


def test_the_main_greenlet_works_on_the_spot_though_there_is_a_hub():
    gevent.get_hub()
    seen: list[str] = []
    do(lambda: seen.append("done"))
    assert seen == ["done"]


def test_what_is_raised_on_the_spot_is_raised():
    with pytest.raises(ZeroDivisionError):
        do(lambda: 1 / 0)


def test_a_greenlet_of_the_hub_does_not_wait_for_its_work(blocking):
    in_greenlet(do, blocking)
    assert blocking.has_begun.wait(PATIENCE)
    assert blocking.outcome == "not done"


@pytest.mark.parametrize("run", [lambda function: function(), in_greenlet], ids=["on the spot", "in the pool"])
def test_a_work_has_the_context_it_was_given(run):
    seen: list[str] = []
    is_done = Event()

    def step():
        seen.append(NAME.get())
        NAME.set("work")
        gevent.sleep(0)
        seen.append(NAME.get())
        is_done.set()

    def close():
        NAME.set("view")
        context = contextvars.copy_context()
        NAME.set("next request")
        pool.do(step, context)

    run(close)
    assert is_done.wait(PATIENCE)
    assert seen == ["view", "work"]


def test_what_is_raised_in_the_pool_is_logged(caplog):
    in_greenlet(do, BackgroundTask(lambda: 1 / 0))
    turns()
    (record,) = caplog.records
    assert (record.name, record.exc_info[0]) == ("wsgiresp", ZeroDivisionError)
    assert record.getMessage().endswith("<lambda>> failed after a response")


def test_an_interrupt_in_the_pool_comes_to_the_main_greenlet(monkeypatch):
    # It is not told of on stderr.
    monkeypatch.setattr(gevent.get_hub(), "print_exception", lambda *_: None)

    def interrupt():
        raise KeyboardInterrupt

    def close_and_wait():
        in_greenlet(do, interrupt)
        gevent.sleep(PATIENCE)

    with pytest.raises(KeyboardInterrupt):
        close_and_wait()


def test_a_full_pool_lets_its_callers_wait():
    pool.configure(limit=1)
    steps = [Blocking(), Blocking(), Blocking()]
    callers = [gevent.spawn(do, step) for step in steps]
    turns()
    assert [caller.ready() for caller in callers] == [True, False, False]
    steps[0].may_end.set()
    assert steps[1].has_begun.wait(PATIENCE)
    turns()
    assert [caller.ready() for caller in callers] == [True, True, False]
    for step in steps:
        step.may_end.set()
    gevent.joinall(callers, timeout=PATIENCE)
    assert steps[2].has_begun.wait(PATIENCE)


def test_the_work_of_a_caller_that_is_killed_while_it_waits_is_done(blocking):
    pool.configure(limit=1)
    in_greenlet(do, blocking)
    second = Blocking()
    caller = gevent.spawn(do, second)
    turns()
    caller.kill()
    blocking.may_end.set()
    assert second.has_begun.wait(PATIENCE)
    second.may_end.set()


def test_a_work_in_a_full_pool_does_its_own_on_the_spot():
    pool.configure(limit=1)
    seen: list[str] = []
    is_done = Event()

    def step():
        do(lambda: seen.append("inner"))
        seen.append("outer")
        is_done.set()

    in_greenlet(do, step)
    assert is_done.wait(PATIENCE)
    assert seen == ["inner", "outer"]


def test_a_work_may_wait_for_a_greenlet_that_has_a_work_of_its_own():
    pool.configure(limit=1)
    seen: list[str] = []
    is_done = Event()

    def step():
        gevent.spawn(do, lambda: seen.append("inner")).join(PATIENCE)
        seen.append("outer")
        is_done.set()

    in_greenlet(do, step)
    assert is_done.wait(PATIENCE)
    assert seen == ["inner", "outer"]


def test_a_work_in_a_pool_with_room_does_not_wait_for_its_own(blocking):
    is_done = Event()

    def step():
        do(blocking)
        is_done.set()

    in_greenlet(do, step)
    assert is_done.wait(PATIENCE)


def test_a_child_of_a_work_that_is_done_waits_for_its_place(blocking):
    pool.configure(limit=1)
    may_go_on = Event()
    children = []

    def child():
        may_go_on.wait(PATIENCE)
        do(lambda: None)

    in_greenlet(do, lambda: children.append(gevent.spawn(child)))
    turns()
    in_greenlet(do, blocking)
    may_go_on.set()
    turns()
    assert not children[0].ready()
    blocking.may_end.set()
    children[0].get(timeout=PATIENCE)


def test_a_higher_limit_lets_in_with_the_next(blocking):
    pool.configure(limit=1)
    waiting = Blocking()
    in_greenlet(do, blocking)
    caller = gevent.spawn(do, waiting)
    turns()
    pool.configure(limit=3)
    in_greenlet(do, lambda: None)
    caller.get(timeout=PATIENCE)
    waiting.may_end.set()


@pytest.mark.parametrize("from_greenlet", [False, True], ids=["by the main greenlet", "by a greenlet of the hub"])
def test_a_drain_waits_for_what_runs(blocking, from_greenlet):
    in_greenlet(do, blocking)
    gevent.spawn_later(0.02, blocking.may_end.set)
    if from_greenlet:
        in_greenlet(pool.drain, PATIENCE)
    else:
        pool.drain(PATIENCE)
    assert blocking.outcome == "done"


def test_a_drain_without_a_limit_takes_the_one_that_is_configured(blocking):
    pool.configure(drain=0)
    in_greenlet(do, blocking)
    pool.drain()
    turns()
    assert blocking.outcome != "done"


def test_a_drain_of_nothing_returns():
    pool.drain(PATIENCE)
    assert pool._settings.is_ending


def test_a_drain_lets_in_those_who_wait():
    pool.configure(limit=1)
    first, second = Blocking(), Blocking()
    gevent.spawn(do, first)
    gevent.spawn(do, second)
    turns()
    first.may_end.set()
    second.may_end.set()
    pool.drain(PATIENCE)
    assert (first.outcome, second.outcome) == ("done", "done")


def test_nothing_is_begun_after_a_drain(caplog):
    seen: list[int] = []
    pool.drain(0)
    in_greenlet(do, BackgroundTask(seen.append, 5))
    turns()
    assert seen == []
    assert caplog.messages == ["<BackgroundTask list.append(int)> was not run: the process ends"]


def test_what_a_drain_cuts_is_logged_by_name_and_types(caplog, blocking):
    in_greenlet(do, BackgroundTask(blocking, "secret", to=b"secret"))
    turns()
    pool.drain(0.01)
    assert blocking.outcome == "Cut"
    assert caplog.messages == ["<BackgroundTask blocking(str, to=bytes)> was cut: the process ends"]


def test_the_tasks_behind_the_one_that_is_cut_are_not_run(caplog, blocking):
    seen: list[str] = []
    inner = BackgroundTasks([BackgroundTask(seen.append, "first"), BackgroundTask(blocking)])
    inner.add_task(seen.append, "third")
    outer = BackgroundTasks([BackgroundTask(seen.append, "zeroth"), inner])
    outer.add_task(seen.append, 4)
    in_greenlet(do, outer)
    turns()
    pool.drain(0)
    assert seen == ["zeroth", "first"]
    assert caplog.messages == [
        "<BackgroundTask blocking()> was cut: the process ends",
        "<BackgroundTask list.append(str)> was not run: the process ends",
        "<BackgroundTask list.append(int)> was not run: the process ends",
    ]


def test_those_who_still_wait_when_a_drain_cuts_are_let_go(caplog, blocking):
    pool.configure(limit=1)
    in_greenlet(do, blocking)
    caller = gevent.spawn(do, BackgroundTask(print, 5))
    turns()
    pool.drain(0)
    caller.get(timeout=PATIENCE)
    assert caplog.messages == [
        "blocking was cut: the process ends",
        "<BackgroundTask print(int)> was not run: the process ends",
    ]


class InThread:
    """A work in a thread of its own, outside of every pool, that ends when it is told to."""

    def __init__(self):
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.thread = threading.Thread(target=do, args=[BackgroundTask(self)])
        self.thread.start()
        self.has_begun.wait(PATIENCE)

    def __call__(self):
        self.has_begun.set()
        self.may_end.wait(PATIENCE)

    def end(self):
        self.may_end.set()
        self.thread.join(PATIENCE)


@pytest.fixture
def in_another_thread():
    work = InThread()
    yield work
    work.end()


def test_drains_name_once_what_goes_on_in_another_thread(in_another_thread, caplog):
    pool.drain(0)
    pool.drain(PATIENCE)
    assert caplog.messages == [
        "<BackgroundTask InThread()> is not done: the process ends, and without greenlets it cannot be cut"
    ]


@pytest.mark.parametrize("run", [in_greenlet, lambda drain, limit: drain(limit)], ids=["a greenlet", "a thread"])
def test_a_drain_waits_for_what_goes_on_in_another_thread(in_another_thread, caplog, run):
    threading.Timer(0.05, in_another_thread.may_end.set).start()
    run(pool.drain, PATIENCE)
    assert caplog.messages == []


def test_a_work_outside_of_the_pools_may_drain_them(caplog):
    do(BackgroundTask(pool.drain, 0))
    assert caplog.messages == []


def test_a_work_that_was_not_yet_switched_to_is_cut(caplog):
    def close_and_drain():
        do(BackgroundTask(print))
        pool.drain(0)

    in_greenlet(close_and_drain)
    assert caplog.messages == ["<BackgroundTask print()> was cut: the process ends"]


def test_a_work_that_goes_on_is_left(caplog):
    goes_on = Blocking()

    def step():
        with contextlib.suppress(gevent.GreenletExit):
            goes_on()
        goes_on.may_end.wait(PATIENCE)

    in_greenlet(do, BackgroundTask(step))
    turns()
    pool.drain(0)
    goes_on.may_end.set()
    assert caplog.messages[-1].endswith("step()> goes on though it was cut")


def test_a_work_that_goes_on_is_not_waited_for_again(caplog):
    goes_on = Blocking()

    def step():
        with contextlib.suppress(gevent.GreenletExit):
            goes_on()
        goes_on.may_end.wait(PATIENCE)

    in_greenlet(do, BackgroundTask(step))
    turns()
    pool.drain(0)
    told = list(caplog.messages)
    with gevent.Timeout(PATIENCE / 2):
        pool.drain(PATIENCE)
    goes_on.may_end.set()
    assert caplog.messages == told


def test_what_two_drains_wait_for_is_told_of_once(blocking, caplog):
    in_greenlet(do, BackgroundTask(blocking))
    turns()
    gevent.joinall([gevent.spawn(pool.drain, 0), gevent.spawn(pool.drain, 0)], timeout=PATIENCE)
    assert caplog.messages == ["<BackgroundTask blocking()> was cut: the process ends"]


def test_a_work_that_drains_does_not_wait_for_itself():
    is_done = Event()

    def step():
        pool.drain(PATIENCE)
        is_done.set()

    in_greenlet(do, step)
    assert is_done.wait(PATIENCE)


def test_a_drain_tells_of_the_works_of_another_hub(caplog):
    has_begun, may_end = threading.Event(), threading.Event()

    def step(argument):
        has_begun.set()
        while not may_end.is_set():
            gevent.sleep(0.001)

    def serve():
        do(BackgroundTask(step, "secret"))
        step("")

    other = threading.Thread(target=lambda: gevent.spawn(serve).join())
    other.start()
    try:
        assert has_begun.wait(PATIENCE)
        pool.drain(PATIENCE)
    finally:
        may_end.set()
        other.join(PATIENCE)
    (message,) = caplog.messages
    assert message.endswith("step(str)> was cut: the process ends")


def test_a_hub_that_was_destroyed_has_left_nothing_undone(caplog):
    seen: list[str] = []

    def thread():
        # The work is done when this returns, and the hub has not yet been told.
        gevent.spawn(do, lambda: seen.append("done")).join()
        gevent.get_hub().destroy(destroy_loop=True)

    other = threading.Thread(target=thread)
    other.start()
    other.join(PATIENCE)
    pool.drain(PATIENCE)
    assert seen == ["done"]
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        pytest.param({"limit": 0}, "limit must be at least 1, got 0", id="no work at all"),
        pytest.param({"drain": -1}, "drain must be a number of seconds, 0 or more, got -1", id="less than no time"),
        pytest.param({"drain": float("nan")}, "drain must be .*, got nan", id="no number"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings, fault):
    with pytest.raises(ValueError, match=fault):
        pool.configure(**settings)


def program(text):
    """What a Python process says that runs *text*."""
    prelude = "import contextvars, logging, os, gevent\nfrom wsgiresp._bodies import pool\nlogging.basicConfig()\n"
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
gevent.spawn(pool.do, step, contextvars.copy_context()).join()
"""


def test_tasks_in_the_pool_are_run_in_order_those_that_are_added_last():
    seen: list[int] = []
    is_done = Event()
    tasks = BackgroundTasks([BackgroundTask(seen.append, 1)])

    def add():
        seen.append(2)
        tasks.add_task(seen.append, 4)
        tasks.add_task(is_done.set)

    tasks.add_task(add)
    tasks.add_task(seen.append, 3)
    in_greenlet(do, tasks)
    assert is_done.wait(PATIENCE)
    assert seen == [1, 2, 3, 4]


def test_the_end_of_the_process_drains(blocking):
    pool.configure(drain=0)
    in_greenlet(do, blocking)
    pool._drain_at_exit()
    assert blocking.outcome != "done"
    assert pool._settings.is_ending


def test_the_end_of_a_process_whose_works_are_done_drains_nothing():
    in_greenlet(do, lambda: None)
    turns()
    pool._drain_at_exit()
    assert not pool._settings.is_ending


def test_a_new_start_knows_nothing_of_before(blocking):
    in_greenlet(do, blocking)
    pool.drain(0)
    pool._start_anew()
    seen: list[str] = []
    in_greenlet(do, lambda: seen.append("done"))
    turns()
    assert seen == ["done"]


def test_a_process_that_ends_waits_for_its_works():
    assert program(HAND_OVER.format(seconds=0.05)) == "done\n"


def test_a_process_that_ends_cuts_what_takes_too_long():
    said = program("pool.configure(drain=0)" + HAND_OVER.format(seconds=60))
    assert "was cut: the process ends" in said


def test_a_process_ends_though_a_work_goes_on_when_it_is_cut():
    said = program("""
def step():
    while True:
        try:
            gevent.sleep(60)
        except gevent.GreenletExit:
            pass
pool.configure(drain=0)
gevent.spawn(pool.do, step, contextvars.copy_context()).join()
gevent.sleep(0)
""")
    assert "goes on though it was cut" in said


def test_a_process_that_has_cut_its_works_ends_though_one_goes_on():
    said = program("""
def step():
    while True:
        try:
            gevent.sleep(60)
        except gevent.GreenletExit:
            pass
pool.configure(drain=60)
gevent.spawn(pool.do, step, contextvars.copy_context()).join()
gevent.sleep(0)
pool.drain(0)
""")
    assert said.count("goes on though it was cut") == 1


def test_a_process_whose_works_are_done_ends_at_once():
    assert program(HAND_OVER.format(seconds=0) + "gevent.sleep(0.05)") == "done\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_starts_with_an_empty_pool():
    said = program(
        HAND_OVER.format(seconds=0.05)
        + """
pool._settings.is_ending = True
pid = os.fork()
if not pid:
    print(len(pool._pools), pool._settings.is_ending, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""
    )
    assert said == "0 False\ndone\n"
