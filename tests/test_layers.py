from __future__ import annotations

import os
from pathlib import Path

import pytest
from layers import LONGEST, faults

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


def test_every_floor_that_exists_is_walked():
    walked = {Path(path).parent.as_posix() for path in installed_sources()}
    assert {
        "wsgiresp",
        "wsgiresp/_protocol",
        "wsgiresp/_bodies",
        "wsgiresp/responses",
        "wsgiresp/_views",
        "adapters",
    } <= walked


@pytest.mark.parametrize(
    ("path", "line", "fault"),
    [
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "from wsgiresp.responses import Response",
            "wsgiresp.responses is upstairs",
            id="floor 1 asks floor 3",
        ),
        pytest.param(
            "wsgiresp/_bodies/new.py",
            "import wsgiresp.responses.base",
            "wsgiresp.responses.base is upstairs",
            id="floor 2 asks floor 3 by a plain import",
        ),
        pytest.param(
            "wsgiresp/_protocol/__init__.py",
            "from .._bodies import files",
            "wsgiresp._bodies is upstairs",
            id="a package asks upstairs, relative to itself",
        ),
        pytest.param(
            "wsgiresp/_views/new.py",
            "from wsgiresp import Response",
            "wsgiresp is upstairs",
            id="a floor asks the package that passes its names on",
        ),
        pytest.param(
            "wsgiresp/_views/new.py",
            "from wsgiresp.adapters.flask import install",
            "wsgiresp.adapters.flask is upstairs",
            id="floor 4 asks an adapter",
        ),
        pytest.param(
            "wsgiresp/__init__.py",
            "from .adapters import flask",
            "wsgiresp.adapters is upstairs",
            id="the package asks an adapter",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "def late(): from wsgiresp.background import BackgroundTask",
            "wsgiresp.background is upstairs",
            id="an import inside a function",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "if TYPE_CHECKING: from wsgiresp._bodies import files",
            "wsgiresp._bodies is upstairs",
            id="an import for the type checker alone",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "import os.path",
            "os.path is banned on this floor",
            id="floor 1 asks the operating system",
        ),
        pytest.param(
            "wsgiresp/_types.py",
            "from gevent import socket",
            "gevent is banned on this floor",
            id="the types know of greenlets",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "handle = open('name')",
            "open is banned on this floor",
            id="floor 1 opens a file",
        ),
        pytest.param(
            "wsgiresp/_protocol/new.py",
            "moment = datetime.now(UTC)",
            "now is banned on this floor",
            id="floor 1 looks at the clock",
        ),
        pytest.param(
            "wsgiresp/responses/new.py",
            "import gevent",
            "gevent is banned on this floor",
            id="a response starts a greenlet",
        ),
        pytest.param(
            "wsgiresp/_views/new.py",
            "from flask.views import View",
            "flask.views is banned on this floor",
            id="a view rule knows a framework",
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
        pytest.param("wsgiresp/_bodies/new.py", "import gevent, os, time", id="floor 2 has bytes and time"),
        pytest.param("wsgiresp/responses/new.py", "from .._bodies import files", id="a floor below"),
        pytest.param("wsgiresp/__init__.py", "from .responses import *", id="the package passes names on"),
        pytest.param("adapters/flask.py", "import flask\nfrom wsgiresp import Response", id="an adapter"),
    ],
)
def test_an_import_that_goes_down_is_right(path, line):
    assert faults({path: line}) == []


def test_a_module_of_ours_is_told_from_a_name_in_a_package():
    sources = {
        "wsgiresp/_views/__init__.py": "",
        "wsgiresp/responses/new.py": "from .. import _views",
    }
    assert faults(sources) == ["wsgiresp/responses/new.py:1: wsgiresp._views is upstairs"]


def test_a_file_may_be_as_long_as_the_limit():
    assert faults({"wsgiresp/_protocol/new.py": "\n" * LONGEST}) == []


def test_a_file_over_the_limit_is_found():
    assert faults({"adapters/flask.py": "\n" * (LONGEST + 1)}) == [f"adapters/flask.py: 351 lines, more than {LONGEST}"]


def test_a_module_outside_the_plan_is_found():
    assert faults({"wsgiresp/extra.py": ""}) == ["wsgiresp/extra.py: stands on no floor"]
