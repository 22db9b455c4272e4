"""Visitors of streams: readers of events who come back with the id that they saw last, or who leave early."""

from __future__ import annotations

import csv
import io
import itertools
import json
import time
from collections.abc import Iterator
from decimal import Decimal

from wsgiresp._protocol.event_reader import EventReader, ReceivedEvent

from .visitors import Run, Visitor, require

WEATHER = "/data/weather.csv"


class EventVisitor(Visitor):
    """A reader of events."""

    last = ""

    def events(self, target: str) -> Iterator[ReceivedEvent]:
        """Yield the events of *target* behind ``last``, which is kept; the time of the opening is counted."""
        self.leave()
        connection = self.connected()
        began = time.perf_counter()
        connection.request("GET", target, *([("Last-Event-ID", self.last)] if self.last else []))
        head = connection.head()
        if head.status == 204:
            self.count(began)
            self.last = ""
            return
        content_type = head.values("Content-Type")
        require((head.status, content_type) == (200, ["text/event-stream; charset=utf-8"]), target, head)
        reader = EventReader()
        pieces = connection.pieces(head)
        for number, piece in enumerate(pieces):
            found = reader.feed(piece)
            if not number:
                require(reader.comments[:1] == ["open"], f"{target} begins with", piece)
                self.count(began)
            for event in found:
                self.last = event.id or self.last
                yield event

    def go(self) -> None:
        """Leave before the end, in one of the ways that there are."""
        self.run.left[self.kind] += 1
        self.leave(crash=self.fate(True, False))


class LogReader(EventVisitor):
    """Reads the log for a while, leaves, and is told what it has missed."""

    kind = "events: the log"
    pause = 1.0
    _before = ""  # the id of the last line, on whatever connection

    def visit(self) -> None:
        until = time.monotonic() + self.chance.uniform(1, 40)
        has_missed = True
        for event in self.events("/streams/log"):
            seen, _, number = event.id.partition("-")
            run, _, before = self._before.partition("-")
            step = int(number) - int(before or 0)
            require(event.event == "line" and seen == (run or seen), f"after {self._before}", event)
            require(step == 1 or (has_missed and step > 0), f"after {self._before} came", event)
            self._before, has_missed = event.id, False
            if time.monotonic() > until or self.run.over.is_set():
                self.go()
                return
        require(False, "the log ended after", self._before)


class Progress(EventVisitor):
    """Follows a piece of work over the connections that it takes, and knows what comes."""

    kind = "events: progress"
    pause = 0.2

    def __init__(self, run: Run, number: int) -> None:
        super().__init__(run, number)
        months = itertools.groupby(
            csv.DictReader(io.StringIO(run.files[WEATHER].decode())), lambda day: day["date"][:7]
        )
        self._due = [(month, sum(Decimal(day["rain"]) for day in days)) for month, days in months]

    def visit(self) -> None:
        done = int(self.last) if self.last.isdigit() else 0
        leaves = self.chance.random() < 0.2
        expected = {"start": {"months": len(self._due)}}
        for event in self.events("/streams/progress"):
            if event.event == "start":
                require(event.json() == expected.pop("start"), "progress starts with", event)
            elif event.event == "month":
                month, rain = self._due[done]
                done += 1
                document = json.loads(event.data, parse_float=Decimal)
                require((event.id, document) == (str(done), {"month": month, "rain": rain}), "progress", event)
            else:
                require((event.event, done) == ("done", len(self._due)), "progress ends with", event)
            if leaves and done % 7 == 0:
                self.go()
                return


class FrameworkEvents(EventVisitor):
    """Reads the events of a framework's view to their end, or not."""

    kind = "events: Flask's and Django's"
    pause = 0.5

    def visit(self) -> None:
        self.last = ""
        mount, path = self.fate("/flask", "/django"), self.fate("/events", "/notifications")
        enough = self.fate(0, 3, 99, 99)
        due = _EVENTS[path]
        got = []
        for event in self.events(mount + path):
            got.append((event.event, event.data))
            if len(got) > enough or self.run.over.is_set():
                self.go()
                break
        else:
            require(len(got) == len(due), f"{mount}{path} ended after", got)
        require(got == due[: len(got)], mount + path, got)


_EVENTS = {
    "/events": [("message", f"Event {i}") for i in range(10)],
    "/notifications": [
        ("start", "Stream started"),
        *(("notification", f'{{"message":"Update {i}"}}') for i in range(5)),
        ("end", "Stream ended"),
    ],
}


class AsyncStream(Visitor):
    """Reads the ten lines of an asynchronous generator, all at once or one a second, to the end or not."""

    kind = "asynchronous streams"
    pause = 0.5

    def visit(self) -> None:
        targets = ("/streams/count?pause=0", "/streams/count?pause=1", "/flask/stream", "/django/stream")
        target, enough = self.fate(*targets), self.fate(1, 99, 99)
        connection = self.connected()
        began = time.perf_counter()
        connection.request("GET", target)
        head = connection.head()
        self.count(began)
        require(head.status == 200, target, head)
        received = b""
        for piece in connection.pieces(head):
            received += piece
            if received.count(b"\n") >= enough or self.run.over.is_set():
                self.run.left[self.kind] += 1
                self.leave(crash=self.fate(True, False))
                break
        else:
            require(received.count(b"\n") == 10, f"{target} ended after", received)
        require(b"".join(b"data: %d\n" % i for i in range(10)).startswith(received), target, received)


class Lines(Visitor):
    """Reads a document a line, and compares each with the file that it is from."""

    kind = "JSON lines"
    pause = 1.0

    def visit(self) -> None:
        answer = self.exchange("GET", "/streams/days.jsonl")
        days = list(csv.DictReader(io.StringIO(self.run.files[WEATHER].decode())))
        due = [{name: text if name == "date" else Decimal(text) for name, text in day.items()} for day in days]
        got = [json.loads(line, parse_float=Decimal) for line in answer.body.splitlines()]
        require(got == due, "days.jsonl has other days", len(got))
        copied = self.exchange("GET", "/streams/weather.csv")
        require(copied.body == self.run.files[WEATHER], "/streams/weather.csv", len(copied.body))
