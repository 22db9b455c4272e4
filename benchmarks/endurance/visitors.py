"""What all visitors of the demo have in common: they come, look at what they get, and come back until it is over."""

from __future__ import annotations

import random
import time
from array import array
from collections import Counter, defaultdict
from typing import TypeVar

from gevent.event import Event
from servers.http_client import Answer, Connection

PATIENCE = 60.0  # s for the next byte: that of a stream may be a ping, each 15 s
REUSED = 1.0  # s after a request in which its connection is used again: gunicorn closes it after 2

T = TypeVar("T")

_OF_THE_SERVER = {"connection", "date", "server", "transfer-encoding"}


class WrongAnswerError(Exception):
    """An answer that is well-formed, and not the one that is due."""


def require(is_right: object, what: str, found: object) -> None:
    """Raise :class:`WrongAnswerError` with *what* and *found* unless *is_right*."""
    if not is_right:
        raise WrongAnswerError(f"{what}: {found!r:.300}")


def told(answer: Answer) -> list[tuple[str, str]]:
    """The fields of *answer* that do not change from one to the next."""
    return [
        (name, value.partition("expires=")[0]) for name, value in answer.fields if name.lower() not in _OF_THE_SERVER
    ]


class Run:
    """What the visitors share: the server at *address*, the *files* it sends by their targets, and what came of it.

    ``seconds``: of each answer, by kind. ``left``: answers that the visitors did not wait for, by kind. ``tasks``:
    those that answers have promised, by the line that they log. ``errors``: texts.
    """

    def __init__(self, address: tuple[str, int], files: dict[str, bytes]) -> None:
        self.address = address
        self.files = files
        self.over = Event()
        self.first: dict[str, Answer] = {}
        self.seconds: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self.left: Counter[str] = Counter()
        self.tasks: Counter[str] = Counter()
        self.errors: list[str] = []

    def require_same(self, request: str, answer: Answer) -> bool:
        """Raise :class:`WrongAnswerError` unless *answer* is the first to *request* again; return whether it is it."""
        first = self.first.setdefault(request, answer)
        now, then = (answer.status, told(answer)), (first.status, told(first))
        require(now == then, f"{request} was answered by {then!r}, and then by", now)
        require(answer.body == first.body, f"{request} was answered with another body", answer.body)
        return first is answer


class Visitor:
    """One client of *run* that asks again and again, on one connection for a while; *number* decides what it asks.

    *kind*: what its answers are counted as. *pause*: the mean seconds between two visits.
    """

    kind = ""
    pause = 0.1

    def __init__(self, run: Run, number: int) -> None:
        self.run = run
        self.chance = random.Random(f"{self.kind}, {number}")
        self._connection: Connection | None = None
        self._asked = 0.0

    def visit(self) -> None:
        """Ask once, and look at the answer."""
        raise NotImplementedError

    def stay(self) -> None:
        """Visit until it is over."""
        while not self.run.over.wait(self.chance.uniform(0, 2 * self.pause)):
            try:
                self.visit()
            except Exception as error:
                self.run.errors.append(f"{time.strftime('%H:%M:%S')} {self.kind}: {type(error).__name__}: {error}")
                self.leave()
        self.leave()

    def leave(self, *, crash: bool = False) -> None:
        """Close the connection, if there is one: in order, or as a client that crashed."""
        if self._connection is not None:
            (self._connection.reset if crash else self._connection.close)()
            self._connection = None

    def connected(self) -> Connection:
        """The connection, if the server still waits for a request on it, or a new one."""
        if time.monotonic() - self._asked > REUSED or self.chance.random() < 0.05:
            self.leave()
        if self._connection is None:
            self._connection = Connection(self.run.address, PATIENCE)
        self._asked = time.monotonic()
        return self._connection

    def exchange(self, method: str, target: str, *fields: tuple[str, str], body: bytes = b"") -> Answer:
        """Return the answer to one request, whole, and count it."""
        connection = self.connected()
        began = time.perf_counter()
        answer = connection.exchange(method, target, *fields, body=body)
        self.count(began)
        if not answer.keeps_open:
            self.leave()
        return answer

    def count(self, began: float) -> None:
        """Count an answer, to a request of the time *began*."""
        self.run.seconds[self.kind].append(time.perf_counter() - began)

    def fate(self, *choices: T) -> T:
        """One of *choices*, by chance."""
        return self.chance.choice(choices)
