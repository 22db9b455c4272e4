from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest
from layers import LAYERS, LONGEST, SHORT, WITH_RUNTIME, attribute_counts, faults, modules_with_runtime, short_modules

CHECKOUT = Path(__file__).parents[1]


def installed_sources():
    found = {}
    for top in ("wsgiresp", "adapters"):
        for folder, _, names in os.walk(CHECKOUT / top):  # does not follow the link wsgiresp/adapters
            for path in (Path(folder, name) for name in names if name.endswith(".py")):
                found[path.relative_to(CHECKOUT).as_posix()] = path.read_text("utf-8")
    return found


def test_imports_only_go_down():
    assert faults(installed_sources()) == []


def test_every_layer_that_exists_is_walked():
    walked = {Path(path).parent.as_posix() for path in installed_sources()}
    assert {
        "wsgiresp",
        "wsgiresp/_files",
        "wsgiresp/_frameworks",
        "wsgiresp/_protocol",
        "wsgiresp/_runtime",
        "wsgiresp/_streams",
        "wsgiresp/_tasks",
        "wsgiresp/_views",
        "wsgiresp/responses",
        "wsgiresp/responses/_werkzeug",
        "adapters",
    } <= walked


def test_gevent_and_asyncio_are_imported_where_that_is_listed():
    assert modules_with_runtime(installed_sources()) == WITH_RUNTIME.keys()


def test_no_class_of_streams_or_tasks_has_more_than_15_attributes():
    counts = attribute_counts(installed_sources())
    assert counts["wsgiresp/_streams/bounded_buffer.py:BoundedBuffer"] == 12
    many = {name for name, count in counts.items() if count > 15}
    assert {name for name in many if name.startswith(("wsgiresp/_streams/", "wsgiresp/_tasks/"))} == set()


@pytest.mark.parametrize(
    ("term", "module"),
    [
        ("backpressure", "_streams/bounded_buffer.py"),
        ("bounded buffer", "_streams/bounded_buffer.py"),
        ("coalescing", "_streams/bounded_buffer.py"),
        ("state machine", "_streams/machine.py"),
        ("keep-alive ping", "_streams/policy.py"),
        ("write timeout", "_streams/write_timeout.py"),
        ("disconnect", "_runtime/disconnect.py"),
        ("timer queue", "_runtime/timer_queue.py"),
        ("wakeup event", "_runtime/wakeup_event.py"),
        ("shutdown", "_runtime/shutdown.py"),
        ("grace period", "_runtime/shutdown.py"),
        ("worker pool", "_tasks/worker_pool.py"),
        ("retry policy", "_tasks/retry.py"),
        ("page cache", "_files/cooperative_read.py"),
    ],
)
def test_a_term_of_the_field_stands_in_the_docstring_of_its_module(term, module):
    text = installed_sources()[f"wsgiresp/{module}"]
    assert term in ast.get_docstring(ast.parse(text)).lower()


def test_hooks_of_fork_and_exit_are_registered_in_one_module():
    hooks = re.compile(r"^import atexit|^from atexit|register_at_fork", re.M)
    found = [path for path, text in installed_sources().items() if hooks.search(text)]
    assert found == ["wsgiresp/_runtime/process.py"]


def test_the_page_about_the_architecture_has_the_layers_of_the_code():
    page = (CHECKOUT / "docs" / "explanation" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| (.+?) \|", page, re.M)
    told = {(int(number), place) for number, places in rows for place in re.findall(r"`([\w/.]+/[\w/.]*)`", places)}
    assert told == {(int(layer), place_of(name)) for name, layer in LAYERS.items()}


def place_of(module):
    """The file or the folder of a module, as a page names it."""
    if module == "wsgiresp":
        return "wsgiresp/__init__.py"
    path = "adapters" if module == "wsgiresp.adapters" else module.replace(".", "/")
    return f"{path}/" if (CHECKOUT / path).is_dir() else f"{path}.py"


def test_a_short_module_has_its_reason():
    assert short_modules(installed_sources()) == SHORT.keys()


@pytest.mark.parametrize(
    ("path", "line", "fault"),
    [
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "from wsgiresp.responses import Response",
            "wsgiresp.responses is in a higher layer",
            id="the protocol asks a response",
        ),
        pytest.param(
            "wsgiresp/_runtime/new.py",
            "import wsgiresp.responses.base",
            "wsgiresp.responses.base is in a higher layer",
            id="the runtime asks a response by a plain import",
        ),
        pytest.param(
            "wsgiresp/_protocol/__init__.py",
            "from .._files import transmit",
            "wsgiresp._files is in a higher layer",
            id="a package asks a higher layer, relative to itself",
        ),
        pytest.param(
            "wsgiresp/_views/new.py",
            "from wsgiresp import Response",
            "wsgiresp is in a higher layer",
            id="a layer asks the package that passes its names on",
        ),
        pytest.param(
            "wsgiresp/_views/new.py",
            "from wsgiresp.adapters.flask import install",
            "wsgiresp.adapters.flask is in a higher layer",
            id="view rules ask an adapter",
        ),
        pytest.param(
            "wsgiresp/__init__.py",
            "from .adapters import flask",
            "wsgiresp.adapters wants a framework to be installed",
            id="the package asks an adapter",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "def late(): from wsgiresp.background import BackgroundTask",
            "wsgiresp.background is in a higher layer",
            id="an import inside a function",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "if TYPE_CHECKING: from wsgiresp._files import transmit",
            "wsgiresp._files is in a higher layer",
            id="an import for the type checker alone",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "import os.path",
            "os.path is banned in this layer",
            id="layer 1 asks the operating system",
        ),
        pytest.param(
            "wsgiresp/_types.py",
            "from gevent import socket",
            "gevent is banned in this layer",
            id="the types know of greenlets",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "handle = open('name')",
            "open is banned in this layer",
            id="layer 1 opens a file",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "moment = datetime.now(UTC)",
            "now is banned in this layer",
            id="layer 1 looks at the clock",
        ),
        pytest.param(
            "wsgiresp/responses/new.py",
            "import gevent",
            "gevent is banned in this layer",
            id="a response starts a greenlet",
        ),
        pytest.param(
            "wsgiresp/_views/new.py",
            "from flask.views import View",
            "flask.views is banned in this layer",
            id="a view rule knows a framework",
        ),
        pytest.param(
            "wsgiresp/_streams/new.py",
            "from wsgiresp._tasks import worker_pool",
            "wsgiresp._tasks is a sibling in the same layer",
            id="streams ask for tasks",
        ),
        pytest.param(
            "adapters/flask.py",
            "from wsgiresp.testing import visit",
            "wsgiresp.testing is in a higher layer",
            id="an adapter asks what users import",
        ),
        pytest.param(
            "adapters/flask.py",
            "from . import gunicorn",
            "an adapter imports by absolute names only",
            id="a relative import in an adapter",
        ),
    ],
)
def test_a_planted_import_is_found(path, line, fault):
    assert faults({path: f"import re\n{line}\n"}) == [f"{path}:2: {fault}"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param("wsgiresp/_protocol/new.py", "from . import fields", id="a neighbour"),
        pytest.param("wsgiresp/_protocol/new.py", "from wsgiresp._types import Background", id="the types"),
        pytest.param("wsgiresp/_runtime/new.py", "import gevent, os, time", id="the runtime has greenlets and time"),
        pytest.param("wsgiresp/responses/new.py", "from .._files import transmit", id="a layer below"),
        pytest.param("wsgiresp/__init__.py", "from .responses import *", id="the package passes names on"),
        pytest.param("adapters/flask.py", "import flask\nfrom wsgiresp.responses import Response", id="an adapter"),
    ],
)
def test_an_import_that_goes_down_is_right(path, line):
    assert faults({path: line}) == []


def test_a_module_of_ours_is_told_from_a_name_in_a_package():
    sources = {
        "wsgiresp/_views/__init__.py": "",
        "wsgiresp/responses/new.py": "from .. import _views",
    }
    assert faults(sources) == ["wsgiresp/responses/new.py:1: wsgiresp._views is in a higher layer"]


def test_a_file_may_be_as_long_as_the_limit():
    assert faults({"wsgiresp/_protocol/new.py": "\n" * LONGEST}) == []


def test_a_file_over_the_limit_is_found():
    assert faults({"adapters/flask.py": "\n" * (LONGEST + 1)}) == [f"adapters/flask.py: 351 lines, more than {LONGEST}"]


def test_a_module_outside_the_plan_is_found():
    assert faults({"wsgiresp/extra.py": ""}) == ["wsgiresp/extra.py: is in no layer"]


@pytest.mark.parametrize("line", ["import gevent", "from asyncio import sleep", "import greenlet"])
def test_a_planted_runtime_is_found(line):
    assert modules_with_runtime({"wsgiresp/_streams/new.py": f"def late():\n    {line}\n"}) == {
        "wsgiresp/_streams/new.py"
    }


def test_a_planted_short_module_is_found():
    assert short_modules({"wsgiresp/_streams/new.py": "\n" * 39}) == {"wsgiresp/_streams/new.py"}
    assert short_modules({"wsgiresp/_streams/new.py": "\n" * 40, "wsgiresp/_streams/__init__.py": ""}) == set()
