"""The comparison in process, from two trees to their figures. No figure is asked for here, only that there is one."""

from __future__ import annotations

from contextlib import closing

import pytest

from benchmarks.harness.answers import Answer
from benchmarks.harness.cases import Case
from benchmarks.harness.compare import command
from benchmarks.harness.compare.in_process import CALLED, InProcess, Worker, difference
from benchmarks.harness.compare.revisions import Revision, built
from benchmarks.harness.servers import ROOT

CASE = Case("text", body=b"text")
RIGHT = Answer(200, [("Content-Type", "text/plain"), ("X-Id", "1")], b"text")

in_a_clone = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a revision comes from git")


@pytest.fixture(scope="module")
def twice():
    """Return the working tree, built twice."""
    with built("HEAD", None) as (_, new):
        yield new, Revision("again", new.folder, new.tools)


@in_a_clone
def test_the_tree_is_compared_with_itself(twice):
    group = InProcess("in process", pairs=1, batch=0.0)
    figures = command.measured([(group, group.rows)], *twice, rounds=1)
    assert (figures.failures, list(figures.rounds)) == ({}, [called.row for called in CALLED])


@in_a_clone
def test_a_worker_that_would_import_another_wsgiresp_ends(twice, tmp_path):
    revision = Revision("empty", tmp_path, twice[0].tools)
    with closing(Worker(revision, 0, tmp_path)) as worker, pytest.raises(RuntimeError, match="ended with status 1"):
        worker.answer(CALLED[0])


@in_a_clone
def test_a_worker_tells_what_its_application_raises(twice, tmp_path):
    [file] = [called for called in CALLED if called.row.name == "file, 1 KiB"]
    with closing(Worker(twice[0], 0, tmp_path)) as worker, pytest.raises(RuntimeError, match=r"1KiB\.bin"):
        worker.answer(file)


@in_a_clone
def test_a_revision_has_its_own_source_and_its_adapters(twice):
    folder = twice[0].folder
    assert (folder / "wsgiresp" / "adapters" / "flask.py").samefile(folder / "adapters" / "flask.py")


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        pytest.param(RIGHT._replace(headers=RIGHT.headers[::-1]), None, id="fields in another order"),
        pytest.param(RIGHT._replace(status=500), "the new answer is wrong: status 500, not 200", id="a wrong answer"),
        pytest.param(RIGHT._replace(headers=[("X-Id", "1")]), "the headers differ", id="a field that is missing"),
    ],
)
def test_answers_are_right_and_alike_or_are_not_timed(new, fault):
    found = difference(CASE, RIGHT, new)
    assert found == fault or (fault is not None and found.startswith(fault))


def test_bodies_that_both_are_right_must_be_the_same():
    case = Case("JSON", document={"a": 1})
    old, new = (Answer(200, [], body) for body in (b'{"a":1}', b'{"a": 1}'))
    assert difference(case, old, new) == "the bodies differ"
