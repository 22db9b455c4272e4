"""Orders that are answered at once, and confirmed by a worker of Celery that outlives the web server's.

The worker and the server are two processes that import this same module, and a Redis stands between them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from celery import Celery

from wsgiresp import BackgroundTask
from wsgiresp.responses import JSONResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger("celery_app")

queue = Celery("celery_app", broker=os.environ.get("BROKER", "redis://127.0.0.1:6379/0"))
# A task that a worker was busy with when it was killed is done by another: it may be begun twice, and is never lost.
queue.conf.task_acks_late = True
queue.conf.task_reject_on_worker_lost = True


@queue.task  # type: ignore[untyped-decorator, unused-ignore]
def confirm(order: str) -> None:
    """Do what takes long; here, tell the log."""
    log.warning("confirmed order %s", order)


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/<order>``, and have it confirmed."""
    order = environ["PATH_INFO"].lstrip("/")
    # Put in the queue after the response: with three more tries, of 5 s each, where the Redis is away for a moment.
    task = BackgroundTask(confirm, order).with_options(retries=3, timeout=5.0)
    return JSONResponse({"order": order}, status_code=202, background=task)(environ, start_response)
