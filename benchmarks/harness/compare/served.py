"""Answers that are sent by gunicorn's gevent worker: one server of each revision, both up at once on one CPU."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

from benchmarks.chunked import path as stream_path

from ..answers import Answer
from ..cases import TEXT
from ..load import Load
from ..reader import Reader
from ..servers import Apart, Server, gunicorn
from .revisions import Revision
from .rows import Both, Figures, Pair, Row, taken_in_turns

APPLICATION = "benchmarks.harness.compare.applications:served"
OPTIONS = ("--worker-connections", "10000", "--graceful-timeout", "1")  # gunicorn's default is 1000 connections

Fault = Callable[[Answer], str | None]
"""Returns what is wrong with an answer, ``None`` where nothing is."""


def started(revision: Revision, round: int) -> Server:
    """Return a new server of *revision*."""
    command = gunicorn("gevent", APPLICATION, *OPTIONS)
    return Server(command, revision.folder, revision.environment(round))


@dataclass(frozen=True)
class Sent:
    """A row, the path of its answer, and what makes that right.

    *length*: bytes that a chunked answer has at least; None for one with a Content-Length. A batch is so many
    *requests*, of which each sends so many *units*; the figure is of one unit. A round has so many *pairs* of batches.
    """

    row: Row
    path: str
    fault: Fault
    length: int | None
    requests: int = 25
    units: int = 1
    pairs: int = 64


def body_is(expected: bytes, answer: Answer) -> str | None:
    """Return what is wrong with *answer* if its body is not what is *expected*."""
    if answer.status != 200:
        return f"status {answer.status}"
    return None if answer.body == expected else f"a body of {len(answer.body)} bytes: {answer.body[:40]!r}"


def has_three_events(answer: Answer) -> str | None:
    """Return what is wrong with *answer* if its fields are not those of the three events of a short stream."""
    blocks = [
        {line for line in block.splitlines() if not line.startswith(":")}
        for block in answer.body.decode("utf-8").split("\n\n")
    ]
    found = [block for block in blocks if block]
    wanted = [{"event: counted", f"data: number {number}", f"id: {number}"} for number in range(3)]
    return None if found == wanted else f"other events: {answer.body[:80]!r}"


def chunks(name: str, size: int, count: int) -> Sent:
    """Return the row of a chunk of *size* bytes, in streams of *count* chunks."""
    body = b"x" * size * count
    return Sent(Row(f"chunk of {name}"), stream_path(size, count), partial(body_is, body), len(body), 1, count, 32)


SENT = (
    chunks("64 B", 64, 20_000),
    chunks("1 KiB", 1024, 20_000),
    chunks("64 KiB", 65536, 1_000),
    Sent(Row("stream of one chunk"), "/one-chunk", partial(body_is, TEXT.encode()), len(TEXT)),
    Sent(Row("stream of three events"), "/three-events", has_three_events, 60),
    Sent(Row("background task, under gevent"), "/background", partial(body_is, TEXT.encode()), None),
)


@dataclass(frozen=True)
class Served:
    """Rows of answers that a server sends."""

    name: str
    sent: Sequence[Sent] = SENT
    rounds: int = 12
    is_usual: bool = True

    @property
    def rows(self) -> Sequence[Row]:
        """All that it measures."""
        return [one.row for one in self.sent]

    def measure(self, both: Both, wanted: Collection[Row], figures: Figures) -> None:
        """Measure one round of the rows *wanted* at a new server of each revision."""
        with Apart() as apart, ExitStack() as stack:
            old, new = (
                stack.enter_context(closing(apart.start(partial(started, revision, both.round))))
                for revision in (both.old, both.new)
            )
            for one in self.sent:
                if one.row not in wanted:
                    continue
                fault = difference(one, old.answer(one.path), new.answer(one.path))
                if fault is None:
                    figures.add(one.row, _pairs(one, old, new))
                else:
                    figures.fail(one.row, fault)


def _pairs(sent: Sent, old: Server, new: Server) -> list[Pair]:
    with ExitStack() as stack:
        of_old, of_new = (_batch(sent, server, stack) for server in (old, new))
        of_old()
        of_new()
        return [Pair(*pair) for pair in taken_in_turns(of_old, of_new, sent.pairs)]


def difference(sent: Sent, old: Answer, new: Answer) -> str | None:
    """Return which answer is wrong, or that they differ; ``None`` where both are right and alike."""
    for name, answer in (("old", old), ("new", new)):
        fault = sent.fault(answer)
        if fault is not None:
            return f"the {name} answer is wrong: {fault}"
    headers = [sorted(pair for pair in answer.headers if pair[0].lower() != "date") for answer in (old, new)]
    if headers[0] != headers[1]:
        return f"the headers differ: {headers[0]}, {headers[1]}"
    return None if old.body == new.body else "the bodies differ"


def _batch(sent: Sent, server: Server, stack: ExitStack) -> Callable[[], float]:
    """Return a measure of the seconds of CPU that one unit takes; its connection is closed by *stack*."""
    ask: Callable[[], object]
    if sent.length is None:
        ask = partial(stack.enter_context(closing(Load(server.port, [sent.path]))).seconds, 1)
    else:
        ask = partial(stack.enter_context(closing(Reader(server.port))).seconds, sent.path, sent.length)

    def measure() -> float:
        before = server.cpu_seconds()
        for _ in range(sent.requests):
            ask()
        return (server.cpu_seconds() - before) / sent.requests / sent.units

    return measure
