"""A task of each queue engine, and routes that have it done after the response: see ``test_queues.py``.

Run by the server, which puts the tasks in the queues, and by the engines' workers, which do them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import celery
import dramatiq
import huey
import redis
import rq.decorators
from dramatiq.brokers.redis import RedisBroker

from wsgiresp.responses import BackgroundTask, BackgroundTasks, PlainTextResponse

SOCKET = os.environ["QUEUED_REDIS"]
store = redis.Redis(unix_socket_path=SOCKET)

app_of_celery = celery.Celery("queued", broker=f"redis+socket://{SOCKET}")
dramatiq.set_broker(RedisBroker(url=f"unix://{SOCKET}"))
consumer = huey.RedisHuey("queued", url=f"unix://{SOCKET}")


def note(engine: str, word: str) -> None:
    store.rpush("done", f"{engine} {word} {os.getpid()}")


@app_of_celery.task(name="queued.by_celery")
def by_celery(word: str) -> None:
    note("celery", word)


@dramatiq.actor
def by_dramatiq(word: str) -> None:
    note("dramatiq", word)


@rq.decorators.job("queued", connection=store)
def by_rq(word: str) -> None:
    note("rq", word)


@consumer.task()
def by_huey(word: str) -> None:
    note("huey", word)


TASKS = {"celery": by_celery, "dramatiq": by_dramatiq, "huey": by_huey, "rq": by_rq}


def in_process(word: str) -> None:
    store.rpush("begun", word)
    time.sleep(600)
    store.rpush("done", f"process {word} {os.getpid()}")


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/engine/word``, and ``/both/word``: a task of Celery, and one of this process that takes long."""
    engine, _, word = environ["PATH_INFO"].lstrip("/").partition("/")
    tasks = BackgroundTasks()
    if engine == "both":
        tasks.add_task(by_celery, word)
        tasks.add_task(in_process, word)
    else:
        tasks = BackgroundTasks([BackgroundTask(TASKS[engine], word)])
    return PlainTextResponse("ok\n", background=tasks)(environ, start_response)
