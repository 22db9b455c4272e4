"""A benchmark from its command line to what is kept of it."""

from __future__ import annotations

import platform
import signal
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.kept import RESULTS, kept
from benchmarks.report import PARTLY, Part, Rounds

from .made import table

ROUNDS = Rounds(3, 15, 45)


def asked(*arguments):
    return report.options("what it measures", ROUNDS, batch=5, arguments=arguments)


def failing():
    raise RuntimeError("no answer\nfrom the server")


def good():
    return [table("good")]


@pytest.mark.parametrize(
    ("arguments", "extent", "rounds"),
    [
        pytest.param([], "usual", 15, id="usually"),
        pytest.param(["--quick"], "quick", 3, id="for a first look"),
        pytest.param(["--long"], "long", 45, id="for long"),
        pytest.param(["--long", "--rounds", "7"], "long", 7, id="as often as is said"),
    ],
)
def test_the_extent_says_how_many_rounds_there_are(arguments, extent, rounds):
    found = asked(*arguments)
    assert (found.extent, found.rounds) == (extent, rounds)


@pytest.mark.parametrize(
    ("arguments", "into"),
    [
        pytest.param([], None, id="nowhere"),
        pytest.param(["--save"], RESULTS, id="in the checkout"),
        pytest.param(["--into", "there"], Path("there"), id="in a folder"),
    ],
)
def test_figures_are_kept_where_that_is_asked_for(arguments, into):
    assert asked(*arguments).into == into


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--rounds", "1"], "at least 2", id="one round has no spread"),
        pytest.param(["--only", "text", "--save"], "what is kept is whole", id="a part is not kept"),
        pytest.param(["--quick", "--long"], "not allowed with", id="two extents"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys, arguments, words):
    with pytest.raises(SystemExit):
        asked(*arguments)
    assert words in capsys.readouterr().err


def test_a_benchmark_that_is_told_to_end_cleans_up(own_signals):
    done = []

    def main():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            done.append("clean")

    with pytest.raises(SystemExit) as ended:
        report.begin(main)
    assert (ended.value.code, done) == (128 + signal.SIGTERM, ["clean"])


def test_the_tables_of_all_parts_are_printed_as_they_come(capsys):
    report.measured([Part("good", good)])
    assert capsys.readouterr().out.startswith("## good\n\n|  | s |")


def test_a_part_that_fails_stops_no_other():
    tables, failures = report.measured([Part("bad", failing), Part("good", good)])
    assert ([one.title for one in tables], failures) == (["good"], ["bad: RuntimeError: no answer from the server"])


def test_what_fails_between_two_parts_leaves_those_before():
    def parts():
        yield Part("good", good)
        failing()

    tables, failures = report.measured(parts())
    assert (len(tables), failures) == (1, ["around good: RuntimeError: no answer from the server"])


def test_a_benchmark_keeps_what_it_found_and_of_what(tmp_path):
    options = asked("--quick", "--into", str(tmp_path), "--note", "a quiet machine")
    report.run("dispatch", "Dispatch", [Part("good", good)], ["pytest", None], options, ["baize: not there"])
    found = kept("dispatch", tmp_path)
    assert (found.title, found.extent, found.rounds, found.batch, found.note, list(found.skipped)) == (
        "Dispatch",
        "quick",
        3,
        "5 ms",
        "a quiet machine",
        ["baize: not there"],
    )


def test_the_versions_are_those_that_were_measured(tmp_path):
    report.run("dispatch", "Dispatch", [], ["pytest", "no-such-peer"], asked("--into", str(tmp_path)), [])
    versions = kept("dispatch", tmp_path).versions
    assert (versions["pytest"], versions["no-such-peer"]) == (pytest.__version__, "not installed")


def test_ours_that_is_not_installed_is_that_of_the_checkout(monkeypatch, tmp_path):
    def absent(name):
        raise report.PackageNotFoundError(name)

    monkeypatch.setattr(report, "version", absent)
    report.run("dispatch", "Dispatch", [], [], asked("--into", str(tmp_path)), [])
    assert kept("dispatch", tmp_path).versions["wsgiresp"] == "this checkout"


def test_a_benchmark_that_failed_in_part_keeps_the_rest_and_says_so_by_its_status(tmp_path):
    parts = [Part("bad", failing), Part("good", good)]
    with pytest.raises(SystemExit) as ended:
        report.run("dispatch", "Dispatch", parts, [], asked("--into", str(tmp_path)), [])
    assert (ended.value.code, [one.title for one in kept("dispatch", tmp_path).tables]) == (PARTLY, ["good"])


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report.run("dispatch", "Dispatch", [Part("good", good)], [], asked(), [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "cpu"),
    [
        pytest.param("model name : A CPU\nmodel name : A CPU\n", "A CPU", id="its model"),
        pytest.param("Hardware : none\n", platform.machine(), id="its kind where the kernel tells no model"),
    ],
)
def test_the_machine_is_told(monkeypatch, text, cpu):
    monkeypatch.setattr(Path, "read_text", lambda path, encoding: text)
    assert report._cpu() == cpu


def test_a_machine_without_that_file_is_told_by_its_kind(monkeypatch):
    def unreadable(path, encoding):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", unreadable)
    assert report._cpu() == platform.machine()
