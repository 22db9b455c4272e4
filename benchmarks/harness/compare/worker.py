"""The process that calls the applications of one revision, as its parent tells it by lines of JSON.

``{"application": NAME, "method": ..., "path": ..., "fields": {...}}`` is the request from then on, and is answered with
what a client sees of it; ``{"calls": N}`` makes it so many times, and is answered with the seconds of CPU time. What
fails is answered with ``{"error": ...}``.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from typing import Any

from ..drive import WSGI
from .applications import IN_PROCESS


class Calls:
    """The requests that the parent asks for; there is none at first."""

    def __init__(self) -> None:
        self._driver: WSGI | None = None

    def reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to *asked*."""
        if "calls" in asked:
            if self._driver is None:
                raise ValueError("no request to call")
            return {"seconds": self._driver.seconds(asked["calls"])}
        app = IN_PROCESS[asked["application"]]
        self._driver = WSGI(app, asked["method"], asked["path"], asked["fields"])
        status, headers, body = self._driver.answer()
        return {"status": status, "headers": headers, "body": body.decode("latin-1")}


def main() -> None:
    """Answer the lines of the standard input until it ends."""
    # What an application prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    calls = Calls()
    # What was imported is no garbage. The collector itself stays on: who makes cycles pays for them.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        try:
            reply = calls.reply(json.loads(line))
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
