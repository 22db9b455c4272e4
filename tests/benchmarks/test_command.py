"""The one command for all benchmarks."""

from __future__ import annotations

import os
import re
import runpy
import sys
from pathlib import Path

import pytest

from benchmarks import command
from benchmarks.kept import RESULTS, keep, kept
from benchmarks.report import PARTLY

from .made import result


class Runs:
    """Benchmarks that keep what they are told, or fail."""

    def __init__(self, folder, failures=()):
        self.asked = []
        self._folder = folder
        self._failures = dict(failures)

    def __call__(self, arguments, seconds):
        module = arguments[2].removeprefix("benchmarks.")
        [name] = [name for name, other in command.MODULES.items() if other == module]
        self.asked.append((name, seconds, arguments[3:]))
        if name not in self._failures:
            keep(result(name), self._folder)
        return self._failures.get(name)


def python(text):
    return [sys.executable, "-c", text]


def page(folder):
    return (folder / "page" / "index.md").read_text("utf-8")


def test_every_benchmark_has_a_name():
    files = {path.stem for path in Path(command.__file__).parent.glob("bench_*.py")}
    assert set(command.MODULES.values()) == files


def test_all_are_run_one_after_the_other(tmp_path):
    runs = Runs(tmp_path / "results")
    status = command.main(["--into", str(tmp_path)], runs)
    assert (status, [name for name, _, _ in runs.asked]) == (0, list(command.MODULES))


def test_the_page_has_what_was_found(tmp_path):
    command.main(["--into", str(tmp_path)], Runs(tmp_path / "results"))
    assert len(re.findall(r"^!\[", page(tmp_path), re.M)) == len(command.MODULES)


def test_one_that_fails_is_named_and_the_rest_goes_on(tmp_path):
    runs = Runs(tmp_path / "results", {"files": "OSError: no room"})
    status = command.main(["--into", str(tmp_path)], runs)
    assert (status, len(runs.asked)) == (1, len(command.MODULES))
    assert re.search(r"^- files, failed: `on \d{4}-\d\d-\d\d: OSError: no room`$", page(tmp_path), re.M)


def test_only_those_that_are_named_are_run(tmp_path):
    runs = Runs(tmp_path / "results")
    command.main(["--into", str(tmp_path), "--only", "json", "sse"], runs)
    assert [name for name, _, _ in runs.asked] == ["json", "sse"]


def test_the_page_has_those_that_were_run_before(tmp_path):
    keep(result("dispatch"), tmp_path / "results")
    command.main(["--into", str(tmp_path), "--only", "json"], Runs(tmp_path / "results"))
    assert re.findall(r"^!\[.*\((.*)\)$", page(tmp_path), re.M) == ["dispatch.svg", "json.svg"]


def test_the_page_alone_is_written_without_a_run(tmp_path):
    keep(result("dispatch"), tmp_path / "results")
    runs = Runs(tmp_path / "results")
    command.main(["--into", str(tmp_path), "--pages-only"], runs)
    assert (runs.asked, "dispatch.svg" in page(tmp_path)) == ([], True)


def test_the_package_is_the_command(tmp_path, monkeypatch, own_signals):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--pages-only", "--into", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("benchmarks", run_name="__main__")
    assert (ended.value.code, page(tmp_path).startswith("# Benchmarks\n")) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "results", "pages"),
    [
        pytest.param([], RESULTS, command.PAGES, id="in the checkout"),
        pytest.param(["--quick"], command.LOOKED_AT / "results", command.LOOKED_AT / "page", id="in build, if quick"),
        pytest.param(["--into", "there"], Path("there/results"), Path("there/page"), id="in a folder"),
    ],
)
def test_what_comes_out_is_left(arguments, results, pages):
    found = command.asked(arguments)
    assert (found.results, found.pages) == (results, pages)


@pytest.mark.parametrize(
    ("arguments", "extent", "seconds"),
    [
        pytest.param([], [], 1800, id="usually"),
        pytest.param(["--quick"], ["--quick"], 600, id="for a first look"),
        pytest.param(["--long"], ["--long"], 7200, id="for long"),
    ],
)
def test_a_benchmark_is_told_what_is_asked_for(tmp_path, arguments, extent, seconds):
    runs = Runs(tmp_path / "results")
    command.main([*arguments, "--into", str(tmp_path), "--only", "json", "--note", "idle"], runs)
    assert runs.asked == [("json", seconds, [*extent, "--into", str(tmp_path / "results"), "--note", "idle"])]


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        pytest.param("", None, id="one that came to its end"),
        pytest.param(f"raise SystemExit({PARTLY})", None, id="one that has named its failures"),
        pytest.param("raise ValueError('no')", "ValueError: no", id="the last line of its errors"),
        pytest.param("raise SystemExit(7)", "exit status 7", id="its status where it said nothing"),
    ],
)
def test_a_command_tells_why_it_did_not_come_to_its_end(text, failure):
    assert command.run(python(text), 30) == failure


def test_the_errors_of_a_command_are_passed_on(capsys):
    command.run(python("raise ValueError('no')"), 30)
    assert "Traceback" in capsys.readouterr().err


def test_a_command_that_takes_too_long_is_ended():
    assert command.run(python("import signal; signal.pause()"), 0.2) == "not done in 0.2 s"


def test_what_a_command_started_ends_with_it(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ignoring = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    child = f"{ignoring}; pipe = open(sys.argv[1], 'w'); signal.pause()"
    # It keeps the end of the pipe for as long as it lives; this one opens the other, and so waits for it.
    starting = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}, sys.argv[1]])"
    command.run([*python(f"{starting}; open(sys.argv[1])"), str(pipe)], 30)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    try:
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)


def test_a_failure_is_kept_beside_the_figures_before(tmp_path):
    keep(result("json"), tmp_path / "results")
    command.main(["--into", str(tmp_path), "--only", "json"], Runs(tmp_path / "results", {"json": "killed"}))
    assert (len(kept("json", tmp_path / "results").tables), "json, failed" in page(tmp_path)) == (1, True)
