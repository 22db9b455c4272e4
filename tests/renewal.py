"""Renew ``constraints.txt``: the newest versions that ``setup.cfg`` allows, if the whole suite passes with them.

Run as ``sh tests/renew [pytest's arguments]``. The new pins are resolved for all extras in one step, printed as a list
of differences, and put in the place of the old ones before the suite is run, so that the suite runs on the tree as it
is to be committed. Where the suite fails, the old file is put back and the new one is kept in ``.renewal``, beside the
environment in which the failure can be looked at. The exit status is that of the suite.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[1]
CONSTRAINTS = CHECKOUT / "constraints.txt"
FOLDER = CHECKOUT / ".renewal"
CANDIDATE = FOLDER / CONSTRAINTS.name
# All that setup.cfg has for development; the suite needs the first four.
INSTALLED = ("test", "demo", "queues")
PINNED = (*INSTALLED, "typing", "docs", "dev")
HEAD = """\
# The versions with which the tests and the demo are known to work, for Python 3.11 on Linux: .ci/venv installs them.
# Made by `sh tests/renew`, which runs the suite with the newest versions of everything. Do not edit by hand.
"""


def main(arguments: list[str]) -> int:
    """Return the exit status of the suite, run by pytest with *arguments* on the newest versions."""
    if sys.version_info[:2] != (3, 11):
        # The oldest Python that setup.cfg allows: what is newest on a later one may not be there for this one.
        sys.exit("the pins are resolved on Python 3.11; name it with PYTHON=...")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the old pins are put back
    python = new_environment()
    old = read(CONSTRAINTS.read_text("utf-8")) if CONSTRAINTS.exists() else {}
    new = newest(python)
    CANDIDATE.write_text(written(new), "utf-8")
    print("\n".join(differences(old, new)) or "No version differs.", flush=True)
    wanted = ["--editable", f".[{','.join(INSTALLED)}]", "--constraint", CANDIDATE]
    pip(python, "install", *wanted)
    return tested(python, arguments)


def new_environment() -> Path:
    """Return the Python of a new virtual environment, made in the place of an older one."""
    environment = FOLDER / "venv"
    venv.create(environment, clear=True, with_pip=True)
    return environment / "bin" / "python"


def newest(python: Path) -> dict[str, str]:
    """Return the newest version that ``setup.cfg`` allows of each package that any extra brings, by its name."""
    report = FOLDER / "report.json"
    wanted = ["--editable", f".[{','.join(PINNED)}]"]
    # What is in the new environment from the start, such as setuptools, is pinned too where a package requires it.
    pip(python, "install", "--dry-run", "--ignore-installed", "--report", report, *wanted)
    return resolved(json.loads(report.read_text("utf-8")))


def pip(python: Path, *arguments: str | Path) -> None:
    """Run pip in the checkout without the pins that the caller's environment may ask for."""
    environ = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, cwd=CHECKOUT, env=environ)


def resolved(report: Mapping[str, Any]) -> dict[str, str]:
    """Return version by name from a report of pip's, without what was asked for by its path: the checkout."""
    found = [entry["metadata"] for entry in report["install"] if not entry["is_direct"]]
    return {normalized(metadata["name"]): metadata["version"] for metadata in found}


def normalized(name: str) -> str:
    """Return *name* as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(text: str) -> dict[str, str]:
    """Return version by name from the text of a constraints file."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return {normalized(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def written(pins: Mapping[str, str]) -> str:
    """Return the text of the constraints file that holds *pins*."""
    return HEAD + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return a line for each package that is new, gone, or of another version, by name."""
    lines = []
    for name in sorted(old.keys() | new.keys()):
        match old.get(name), new.get(name):
            case None, version:
                lines.append(f"{name}: added, {version}")
            case version, None:
                lines.append(f"{name}: removed, was {version}")
            case before, after if before != after:
                lines.append(f"{name}: {before} -> {after}")
    return lines


def tested(python: Path, arguments: list[str]) -> int:
    """Return the exit status of the suite with the candidate in place; it stays there only if that is 0."""
    before = CONSTRAINTS.read_bytes() if CONSTRAINTS.exists() else None
    status = 1
    CONSTRAINTS.write_bytes(CANDIDATE.read_bytes())
    try:
        status = subprocess.run([python, "-m", "pytest", *arguments], check=False, cwd=CHECKOUT).returncode
    finally:
        if status == 0:
            print(f"The suite passes: {CONSTRAINTS.name} holds the new pins.")
        else:
            CONSTRAINTS.unlink() if before is None else CONSTRAINTS.write_bytes(before)
            kept = CANDIDATE.relative_to(CHECKOUT)
            print(f"The suite fails: {CONSTRAINTS.name} is as before, the new pins are in {kept}.", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
