"""Tasks of real queue engines on a real Redis: the server puts them in the queue, the engine's worker does them."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from examples.test_plain_app import EXAMPLES
from servers.queue_workers import celery, needs_queues, redis, running, worker
from servers.server_processes import cases, serve

pytestmark = [needs_queues, pytest.mark.timeout(120)]

PATIENCE = 60  # s for a worker to start and do what there is


@pytest.fixture(scope="module")
def socket():
    with redis() as path:
        yield path


@pytest.fixture
def store(socket):
    from redis import Redis
    from redis.backoff import ConstantBackoff
    from redis.exceptions import ConnectionError
    from redis.retry import Retry

    # It may be that the Redis is not yet there.
    retry = Retry(ConstantBackoff(0.05), 200, supported_errors=(ConnectionError, FileNotFoundError))
    with Redis(unix_socket_path=socket, decode_responses=True, retry=retry) as client:
        client.flushall()
        yield client


@pytest.fixture(params=cases("gunicorn:gevent"))
def server(request, socket, store):
    with serve(request.param, "queued:app", environ={"QUEUED_REDIS": socket}) as running:
        yield running


def taken(store, name, count):
    """The next *count* values of the list *name*, once they are there."""
    values = []
    for _ in range(count):
        found = store.blpop([name], PATIENCE)
        assert found is not None, f"{values} is all that {name} ever held"
        values.append(found[1])
    return values


@pytest.mark.parametrize("engine", ["celery", "dramatiq", "huey", "rq"])
def test_a_task_is_done_by_the_worker_of_its_engine(server, socket, store, engine):
    assert server.exchange("GET", f"/{engine}/mail").status == 200
    with worker(engine, socket):
        (done,) = taken(store, "done", 1)
    name, word, pid = done.split()
    assert (name, word) == (engine, "mail")
    assert int(pid) != server.worker_pid


def test_a_worker_that_is_killed_loses_its_own_tasks_and_none_of_celery(server, socket, store):
    words = [str(number) for number in range(20)]
    for word in words:
        server.exchange("GET", f"/both/{word}")
    assert sorted(taken(store, "begun", 20)) == sorted(words)
    os.kill(server.worker_pid, signal.SIGKILL)
    server.log.wait_for(r"(?s)Booting worker with pid.*Booting worker with pid")
    with worker("celery", socket):
        done = [line.split()[:2] for line in taken(store, "done", 20)]
    assert sorted(done) == sorted(["celery", word] for word in words)
    assert store.llen("done") == 0


@pytest.mark.parametrize("name", cases("gunicorn:gevent"))
def test_the_order_of_the_example_is_confirmed(socket, store, name):
    environ = {"BROKER": f"redis+socket://{socket}"}
    with serve(name, "celery_app:app", folder=EXAMPLES, environ=environ) as server:
        answer = server.exchange("GET", "/4711")
    assert (answer.status, answer.body) == (202, b'{"order":"4711"}')
    # The server is gone, and its task is not.
    with running(sys.executable, "-m", *celery("celery_app:queue"), folder=EXAMPLES, environ=environ) as log:
        log.wait_for("confirmed order 4711", PATIENCE)


def test_a_broker_that_is_down_is_an_error_in_the_log(caplog):
    import celery

    from wsgiresp.background import BackgroundTask, BackgroundTasks

    app = celery.Celery("down", broker="redis+socket:///nowhere/socket")
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0}

    def send(argument):
        raise AssertionError("run, not put in the queue")

    BackgroundTasks([BackgroundTask(app.task(send), "secret")])()
    (record,) = caplog.records
    assert record.getMessage().endswith("send> failed after a response")
    assert record.exc_info[0].__name__ == "OperationalError"
