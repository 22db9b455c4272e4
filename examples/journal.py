"""The last lines of a log, as server-sent events for any number of readers."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from gevent.event import Event

from wsgiresp.responses import ServerSentEvent

LOOK_EVERY = 0.25  # s between two looks for the lines of other processes


class Journal(logging.Handler):
    """A handler that keeps the last *most* lines of the log, and gives them, and each new one as it comes.

    *path*: an SQLite file, in a folder that was made for this run of the server. Every worker that has it reads and
    writes the same lines, so that who comes back to another one, or to the next, has missed nothing. Without it the
    lines are those of this process alone.
    """

    def __init__(self, most: int, path: Path | None = None) -> None:
        super().__init__()
        self._most = most
        self._path = path
        # Ids of an earlier run name other lines.
        self._run = path.parent.name if path else f"{time.time_ns():x}"
        self._opened: sqlite3.Connection | None = None
        self._arrivals: set[Event] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line of *record*, and wake all who wait for it."""
        database = self._database()
        number = database.execute("INSERT INTO lines (line) VALUES (?)", (self.format(record),)).lastrowid or 0
        database.execute("DELETE FROM lines WHERE number <= ?", (number - self._most,))
        for arrival in tuple(self._arrivals):
            arrival.set()

    def events(self, last_id: str | None) -> Iterator[ServerSentEvent]:
        """Yield the lines after that of *last_id*, or all that are kept where it is none of this run; then wait."""
        run, _, digits = (last_id or "").rpartition("-")
        seen = parse_number(digits) if run == self._run else 0
        arrival = Event()  # of gevent's, and one for each reader: it must be waited for in one thread only
        self._arrivals.add(arrival)
        try:
            while True:
                # Before the look at the lines: what comes after that look has set it when we wait.
                arrival.clear()
                for number, line in self._lines_after(seen):
                    seen = number
                    yield ServerSentEvent(line, event="line", id=f"{self._run}-{number}")
                arrival.wait(LOOK_EVERY if self._path else None)
        finally:
            self._arrivals.remove(arrival)

    def close(self) -> None:
        """Let go of the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        super().close()

    def _lines_after(self, number: int) -> list[tuple[int, str]]:
        # A connection is for one thread at a time; the lock is that which emit() is called with.
        self.acquire()
        try:
            rows = self._database().execute(
                "SELECT number, line FROM lines WHERE number > ? ORDER BY number", (number,)
            )
            return rows.fetchall()
        finally:
            self.release()

    def _database(self) -> sqlite3.Connection:
        # Opened when it is needed, by a worker: SQLite does not survive a fork.
        if self._opened is None:
            self._opened = sqlite3.connect(self._path or ":memory:", isolation_level=None, check_same_thread=False)
            # What a crash of the machine would lose is not worth the wait for its disk.
            self._opened.executescript(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
                "CREATE TABLE IF NOT EXISTS lines (number INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL)"
            )
        return self._opened


def parse_number(text: str) -> int:
    """Return the number that *text* from a client stands for, 0 where it is none."""
    # 18 digits at most: int() of a very long number takes very long.
    return int(text) if text.isdecimal() and len(text) <= 18 else 0
