"""Flask-SSE, which has all events go through Redis: the address of that is in ``REDIS_URL``. It has no pings."""

from __future__ import annotations

import os
from wsgiref.types import WSGIApplication

from flask import Flask
from flask_sse import sse

from . import EVENT, STREAM, published, wsgi


def app(ping: float) -> WSGIApplication:
    """Return the application."""
    application = Flask(__name__, static_folder=None)
    application.config["REDIS_URL"] = os.environ["REDIS_URL"]
    application.register_blueprint(sse, url_prefix=STREAM)
    with application.app_context():
        redis = sse.redis

    def tell(path: str) -> int:
        with application.app_context():
            for _ in range(published(path)):
                sse.publish(EVENT)
        [(_, count)] = redis.pubsub_numsub("sse")
        return int(count)

    return wsgi(application, tell)
