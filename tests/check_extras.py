"""Install the wheel with each of its extras alone, and run the tests that are about what is then there.

Used by check_installs.py. The oldest versions that are allowed have an environment of tox's: ``tox -e lowest``.
"""

from __future__ import annotations

import subprocess
import time
import venv
from pathlib import Path

TESTS = Path(__file__).parent
RUNNERS = ("pytest>=8.4", "pytest-timeout>=2.3", "hypothesis>=6.100")
LONGEST = 600  # s for the tests of one environment

# What is run where the extra is installed, and no other. What wants another one is skipped, and says so.
SUITES = {
    "": (
        "files",
        "frameworks",
        "protocol/test_json_refusals.py",
        "protocol/test_json_types.py",
        "responses",
        "runtime",
        "streams",
        "tasks",
        "views",
        "test_background.py",
        "test_bound_tasks.py",
        "test_exceptions.py",
        "test_imports.py",
        "test_testing.py",
    ),
    "flask": (
        "adapters",
        "streams/test_stream_source_unwrapped.py",
        "responses/test_copies.py",
        "responses/test_stock_flask.py",
    ),
    "django": ("adapters",),
    "orjson": ("protocol/test_orjson_agreement.py", "responses/test_calling.py", "responses/test_json.py"),
    # What is about several extras together.
    "all": ("examples", "views", "test_exceptions.py", "test_imports.py", "test_testing.py"),
}


def check_extras(wheel: Path, place: Path) -> None:
    """Run each suite with *wheel*, in an environment of its own in *place*; ``CalledProcessError`` where one fails."""
    for extra, suite in SUITES.items():
        began = time.monotonic()
        environment = place / f"with-{extra or 'nothing'}"
        venv.create(environment, with_pip=True)
        python = python_of(environment)
        wanted = f"wsgiresp[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted, *RUNNERS)
        # -P and the path without the checkout: what is imported is the wheel.
        options = ["-o", f"pythonpath={TESTS}", "-p", "no:cacheprovider", "-q"]
        run(python, "-P", "-m", "pytest", *options, *(TESTS / name for name in suite))
        name = f"wsgiresp[{extra}]" if extra else "wsgiresp alone"
        print(f"{name}: tested in {time.monotonic() - began:.0f} s", flush=True)


def python_of(environment: Path) -> Path:
    """Return the Python of a virtual environment."""
    [python] = [path for path in environment.glob("*/python*") if path.stem == "python"]
    return python


def run(*command: str | Path) -> None:
    """Run *command*, after it was printed."""
    print("$", *command, flush=True)
    subprocess.run(command, check=True, timeout=LONGEST, cwd=TESTS.parent)
