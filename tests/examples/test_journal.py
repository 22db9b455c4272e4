"""The journal of the examples: each line once to each reader, and the same lines in every process that shares it."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from examples.readme_tables import EXAMPLES, example

from wsgiresp._protocol.event_reader import EventReader, ReceivedEvent
from wsgiresp._protocol.event_stream import encode
from wsgiresp.responses import json_encoder

JOURNAL = example("journal")
MOST = 5

WRITE_A_LINE = """
import logging, pathlib, sys
from journal import Journal
Journal(5, pathlib.Path(sys.argv[1])).handle(logging.makeLogRecord({"msg": "from elsewhere"}))
"""


@pytest.fixture(params=[False, True], ids=["of one process", "in a file"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with contextlib.closing(JOURNAL.Journal(MOST, tmp_path / "journal" if request.param else None)) as journal:
        yield journal


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """What opens the journal of a folder once more, as the next worker does."""
    with contextlib.ExitStack() as opened:

        def another() -> Any:
            return opened.enter_context(contextlib.closing(JOURNAL.Journal(MOST, tmp_path / "journal")))

        yield another


def write(journal: Any, *lines: str) -> None:
    for line in lines:
        journal.handle(logging.makeLogRecord({"msg": line}))


@contextlib.contextmanager
def reading(journal: Any, last_id: str | None = None) -> Iterator[Iterator[ReceivedEvent]]:
    """Open the events of *journal* and yield them as a client gets them."""
    reader = EventReader()
    with contextlib.closing(journal.events(last_id)) as events:
        yield (got for event in events for got in reader.feed(encode(event, json_encoder().encode)))


def take(lines: Iterator[ReceivedEvent], count: int) -> list[str]:
    return [next(lines).data for _ in range(count)]


def test_a_reader_gets_what_was_kept(journal: Any) -> None:
    write(journal, *"abcdefg")
    with reading(journal) as lines:
        assert take(lines, MOST) == [*"cdefg"]


def test_a_line_is_sent_when_it_is_written(journal: Any) -> None:
    write(journal, "a")
    with reading(journal) as lines:
        took = take(lines, 1)
        write(journal, "b")
        assert [*took, *take(lines, 1)] == ["a", "b"]


def test_a_line_is_sent_to_each_reader(journal: Any) -> None:
    with reading(journal) as lines, reading(journal) as others:
        write(journal, "a", "b")
        assert take(lines, 2) == take(others, 2) == ["a", "b"]


def test_a_reader_that_left_is_forgotten(journal: Any) -> None:
    with reading(journal) as lines:
        write(journal, "a")
        next(lines)
    assert journal._arrivals == set()


def test_a_reader_that_comes_back_gets_what_it_missed(journal: Any) -> None:
    write(journal, "a", "b")
    with reading(journal) as lines:
        last_id = next(lines).id
    write(journal, "c")
    with reading(journal, last_id) as lines:
        assert take(lines, 2) == ["b", "c"]


@pytest.mark.parametrize(
    "last_id",
    [
        pytest.param("18eb69989285a658-2", id="of another journal"),
        pytest.param("", id="that is empty"),
        pytest.param("2", id="without a journal"),
        pytest.param("-2", id="of no journal"),
    ],
)
def test_a_reader_with_an_id_gets_all_that_was_kept(journal: Any, last_id: str) -> None:
    write(journal, "a", "b", "c")
    with reading(journal, last_id) as lines:
        assert take(lines, 3) == ["a", "b", "c"]


def test_a_number_that_int_refuses_is_none(journal: Any) -> None:
    assert JOURNAL.parse_number("9" * 5000) == 0


def test_the_next_worker_goes_on_where_a_reader_was(shared: Callable[[], Any]) -> None:
    old, new = shared(), shared()
    write(old, "a", "b")
    with reading(old) as lines:
        last_id = next(lines).id
    write(new, "c")
    write(old, "d")
    with reading(new, last_id) as lines:
        assert take(lines, 3) == ["b", "c", "d"]


def test_a_line_of_another_process_is_found(shared: Callable[[], Any], tmp_path: Path) -> None:
    with reading(shared()) as lines:
        subprocess.run(
            [sys.executable, "-c", WRITE_A_LINE, tmp_path / "journal"],
            cwd=EXAMPLES,
            # What is imported there is what is imported here: the checkout, or the wheel that is under test.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=True,
            timeout=30,
        )
        assert take(lines, 1) == ["from elsewhere"]
