"""Responses that are called in process: one long-lived worker of each revision, told what to call over pipes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..answers import Answer
from ..cases import DISPATCH, HEADERS, SMALL, TEXT, Case, objects
from ..measure import calls_within
from ..servers import Apart
from .environment import FILES
from .revisions import Revision
from .rows import Both, Figures, Pair, Row, taken_in_turns

CONTENT = bytes(range(256)) * 400
BINARY = "application/octet-stream"


@dataclass(frozen=True)
class Called:
    """A row, the name of its application, and what makes its answer right; *fields* of the request beside the usual."""

    row: Row
    application: str
    case: Case
    fields: Mapping[str, str] = field(default_factory=dict)


def called(name: str, application: str, case: Case, **fields: str) -> Called:
    """Return the row *name* of *application*."""
    return Called(Row(name), application, case, {key.replace("_", "-"): value for key, value in fields.items()})


_DISPATCH = {case.name: case for case in DISPATCH}
_RANGE = Case(
    "range", path="/100KiB.bin", status=206, body=CONTENT[100:1124], headers={"Content-Range": "bytes 100-1123/102400"}
)
_SET = Case("header set", body=TEXT.encode(), headers={"X-Request-Id": HEADERS["X-Request-Id"]})

CALLED = (
    called("text", "text", _DISPATCH["text"]),
    called("text, 3 headers", "3 headers", _DISPATCH["text + 3 headers"]),
    called("text, a header set later", "header set", _SET),
    called("text, 2 cookies", "2 cookies", _DISPATCH["text + 2 cookies"]),
    called("HEAD", "text", _DISPATCH["HEAD"]),
    called("redirect", "redirect", _DISPATCH["redirect"]),
    called("JSON, 1 key", "small JSON", Case("JSON", document=SMALL, media_type="application/json")),
    called("JSON, 50 objects", "larger JSON", Case("JSON", document=objects(50), media_type="application/json")),
    called("background task", "background", _DISPATCH["text + background"]),
    called("file, 1 KiB", "file", Case("file", path="/1KiB.bin", body=CONTENT[:1024], media_type=BINARY)),
    called("file, 100 KiB", "file", Case("file", path="/100KiB.bin", body=CONTENT, media_type=BINARY)),
    called("file, one range of 1 KiB", "file", _RANGE, Range="bytes=100-1123"),
)


class Worker:
    """The process that calls the applications of *revision*, and sends the files in *folder*; to be closed."""

    def __init__(self, revision: Revision, round: int, folder: Path) -> None:
        self._process = subprocess.Popen(
            revision.python("-m", "benchmarks.harness.compare.worker"),
            cwd=revision.folder,
            env=revision.environment(round) | {FILES: str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def answer(self, asked: Called) -> Answer:
        """Make *asked* the request, and return what a client sees of it."""
        case = asked.case
        found = self._ask(
            {"application": asked.application, "method": case.method, "path": case.path, "fields": dict(asked.fields)}
        )
        headers = [(name, value) for name, value in found["headers"]]
        return Answer(found["status"], headers, found["body"].encode("latin-1"))

    def seconds(self, calls: int) -> float:
        """Return the seconds of CPU time that *calls* requests took."""
        seconds: float = self._ask({"calls": calls})["seconds"]
        return seconds

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: so does its output
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended with status {self._process.wait()}")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise RuntimeError(found["error"])
        return found


@dataclass(frozen=True)
class InProcess:
    """Rows of responses in process: *pairs* of batches of *batch* seconds in each round."""

    name: str
    called: Sequence[Called] = CALLED
    rounds: int = 15
    pairs: int = 32
    batch: float = 0.005
    is_usual: bool = True

    @property
    def rows(self) -> Sequence[Row]:
        """All that it measures."""
        return [one.row for one in self.called]

    def measure(self, both: Both, wanted: Collection[Row], figures: Figures) -> None:
        """Measure one round of the rows *wanted* in a new worker of each revision."""
        with Apart() as apart, TemporaryDirectory(prefix="bench-files-") as place:
            folder = Path(place)
            _write(folder / "1KiB.bin", CONTENT[:1024])
            _write(folder / "100KiB.bin", CONTENT)
            with (
                closing(apart.start(partial(Worker, both.old, both.round, folder))) as old,
                closing(apart.start(partial(Worker, both.new, both.round, folder))) as new,
            ):
                for one in self.called:
                    if one.row not in wanted:
                        continue
                    try:
                        figures.add(one.row, self._pairs(one, old, new))
                    except RuntimeError as error:
                        figures.fail(one.row, str(error))

    def _pairs(self, asked: Called, old: Worker, new: Worker) -> list[Pair]:
        fault = difference(asked.case, old.answer(asked), new.answer(asked))
        if fault is not None:
            raise RuntimeError(fault)
        calls = calls_within(old.seconds, self.batch)
        new.seconds(calls)
        taken = taken_in_turns(partial(old.seconds, calls), partial(new.seconds, calls), self.pairs)
        return [Pair(before / calls, after / calls) for before, after in taken]


def difference(case: Case, old: Answer, new: Answer) -> str | None:
    """Return which answer is wrong, or that they differ; ``None`` where both are right and alike."""
    for name, answer in (("old", old), ("new", new)):
        fault = case.fault(answer)
        if fault is not None:
            return f"the {name} answer is wrong: {fault}"
    # The order of fields of different names means nothing (RFC 9110, Section 5.3).
    if sorted(old.headers) != sorted(new.headers):
        return f"the headers differ: {sorted(set(old.headers) ^ set(new.headers))}"
    return None if old.body == new.body else "the bodies differ"


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    # One time for all rounds, since it is in the headers.
    os.utime(path, (1_700_000_000, 1_700_000_000))
