"""A configuration that has hooks of its own, and calls those of the adapter from them."""

from __future__ import annotations

from typing import Any

from wsgiresp.adapters import gunicorn
from wsgiresp.adapters.gunicorn import post_worker_init, pre_request, worker_class, worker_int

__all__ = ["post_worker_init", "pre_request", "worker_class", "worker_int"]


def post_request(worker: Any, request: Any, environ: dict[str, Any], response: Any) -> None:
    gunicorn.post_request(worker, request, environ, response)
    worker.log.info("hook of its own: %s", request.path)


def worker_exit(server: Any, worker: Any) -> None:
    gunicorn.worker_exit(server, worker)
    worker.log.info("hook of its own: exit")
