"""What a module keeps after its import is listed here with the reason; all else belongs to the process state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
from module_state import mutable_objects

TABLE = "a table that is never written after the import"
MEMO = "a memo: what is forgotten is computed again, and its size is bounded"
CLASSES = "classes that were derived at run time, each made once"
GUARD = "of dataclasses: the objects whose repr() is being made, none between two calls"
REGISTRY = "a registry that an install() of an adapter fills"

LISTED = {
    "wsgiresp._files.beneath_root._LINKED_ROOTS": MEMO,
    "wsgiresp._files.system_calls._system_call": "a memo of one entry: whether this system has openat2()",
    "wsgiresp._frameworks.prepared_response._classes": CLASSES,
    "wsgiresp._protocol.content.TYPES": MEMO,
    "wsgiresp._protocol.content.LENGTHS": TABLE,
    "wsgiresp._protocol.file_endings.MEDIA_TYPES": TABLE,
    "wsgiresp._protocol.file_endings._COMPRESSED": TABLE,
    "wsgiresp._protocol.file_endings._ENDINGS": TABLE,
    "wsgiresp._protocol.file_endings._SHORT_FOR": TABLE,
    "wsgiresp._protocol.set_cookie._SAME_SITE": TABLE,
    "wsgiresp._protocol.set_cookie._UNESCAPED": TABLE,
    "wsgiresp._protocol.set_cookie._prefix": MEMO,
    "wsgiresp._protocol.header_validation._ordinary": MEMO,
    "wsgiresp._protocol.json_encoding._default_encoder._walk._atoms": TABLE,
    "wsgiresp._protocol.json_encoding.JSONEncoder.__repr__(0)": GUARD,
    "wsgiresp._protocol.json_orjson._EXACT": TABLE,
    "wsgiresp._protocol.json_times._MONTHS": TABLE,
    "wsgiresp._protocol.json_times._SECONDS": TABLE,
    "wsgiresp._protocol.json_times._WHOLE": TABLE,
    "wsgiresp._protocol.json_types._BY_BASE": REGISTRY,
    "wsgiresp._protocol.json_types._BY_TYPE": TABLE,
    "wsgiresp._protocol.status.HTTP_STATUS_CODES": "werkzeug's table of phrases",
    "wsgiresp._protocol.status.LINES": MEMO,
    "wsgiresp._protocol.status.LINES_WITH_CONTENT": TABLE,
    "wsgiresp._protocol.status._RENAMED": TABLE,
    "wsgiresp._protocol.site_lookup.Site.__repr__(0)": GUARD,
    "wsgiresp._runtime.process.PROCESS.hubs": "the process state itself: what goes with each hub",
    "wsgiresp._runtime.process.PROCESS.parts": "the process state itself: what fork and exit reset",
    "wsgiresp._runtime.process.PROCESS.told": "the process state itself: what the log tells once",
    "wsgiresp._runtime.shutdown._at_shutdown": "filled when streams and tasks are imported, and never changed then",
    "wsgiresp._runtime.shutdown._at_stop": "filled when streams are imported, and never changed then",
    "wsgiresp._streams.phases.PING_TRANSITIONS": TABLE,
    "wsgiresp._streams.phases.TRANSITIONS": TABLE,
    "wsgiresp._tasks.external_queues._ENQUEUE_METHODS": TABLE,
    "wsgiresp._views.coercion._answers": REGISTRY,
    "wsgiresp._views.coercion._finders": REGISTRY,
    "wsgiresp._views.injection._FORMAT": TABLE,
    "wsgiresp._views.respond_with._Recipe.__repr__(0)": GUARD,
    "wsgiresp._worker_status.WorkerStatus.__repr__(0)": GUARD,
    "wsgiresp.adapters._django.cookies._Cookie._flags": TABLE,
    "wsgiresp.adapters._django.cookies._Cookie._reserved": TABLE,
    "wsgiresp.adapters._django.cookies._WITHOUT_VALUE": TABLE,
    "wsgiresp.adapters._django.response_patch._added": TABLE,
    "wsgiresp.adapters._django.settings.around": "a memo of the settings, cleared when Django says that they changed",
    "wsgiresp.adapters._django.settings.defaults": "a memo of the settings, cleared when Django says that they changed",
    "wsgiresp.adapters._django.view_signature._NO_PLAN._parameters": TABLE,
    "wsgiresp.exceptions.HTTPException._by_code": CLASSES,
    "wsgiresp.exceptions.default_exceptions": "werkzeug's table of exceptions",
    "wsgiresp.responses._werkzeug.body.WerkzeugBody._on_close": "empty, and replaced, never changed in place",
    "wsgiresp.responses._werkzeug.force_type._classes": CLASSES,
    "wsgiresp.responses.events._encoding": MEMO,
    "wsgiresp._streams.policy.outlasting_stop": MEMO,
    "wsgiresp.responses.events._policy": MEMO,
    "wsgiresp.responses.file_validators._validators": MEMO,
    "wsgiresp.responses.json.JSONOptions.encoder._walk._atoms": TABLE,
    "wsgiresp.responses.media_types._TYPES": TABLE,
    "wsgiresp.responses.media_types._of_suffix": MEMO,
    "wsgiresp.responses.static_files._NOT_ALLOWED._fields": "the fields of a constant response, copied by each call",
}


def is_listed(way):
    """Whether this is listed, or is inside of something that is."""
    return any(way == listed or way.startswith((f"{listed}[", f"{listed}.")) for listed in LISTED)


@pytest.fixture(scope="module")
def ways():
    for name in ("django", "flask", "gunicorn", "orjson"):
        pytest.importorskip(name, reason="wants wsgiresp[all]")
    # In a process of its own: what tests leave behind is no state after the import.
    path = os.pathsep.join(filter(None, sys.path))
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("module_state.py")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(ran.stdout)


def test_what_a_module_keeps_is_listed_with_its_reason(ways):
    assert [found for found in ways if not any(map(is_listed, found))] == []


def test_what_is_listed_is_there(ways):
    there = {way for found in ways for way in found}
    assert sorted(LISTED.keys() - there) == []


@pytest.mark.parametrize(
    ("text", "way"),
    [
        pytest.param("open_streams = set()", "open_streams", id="a set"),
        pytest.param("class State:\n    waiting = []", "State.waiting", id="a list on a class"),
        pytest.param(
            "class State:\n    def __init__(self): self.ends = {}\nSTATE = State()", "STATE.ends", id="an object"
        ),
        pytest.param("def note(x, seen=[]): seen.append(x)", "note(default 0)", id="a default of a function"),
        pytest.param(
            "def make():\n    kept = []\n    def note(x): kept.append(x)\n    return note\nnote = make()",
            "note(0)",
            id="a closure",
        ),
        pytest.param("import functools\nmemo = functools.cache(len)", "memo", id="a memo"),
        pytest.param("def note(x, *, seen=[]): seen.append(x)", "note(default seen)", id="a default by keyword alone"),
        pytest.param("note = [].append", "note.__self__", id="a method of a list"),
        pytest.param("import functools\nnote = functools.partial(print, [])", "note.args[0]", id="a partial"),
        pytest.param("import contextvars\nV = contextvars.ContextVar('v', default=[])", "V(default)", id="a default"),
        pytest.param("import threading\nLOCAL = threading.local()", "LOCAL", id="locals of threads"),
        pytest.param("import itertools\nids = itertools.count()", "ids", id="a counter"),
        pytest.param("import queue\nQ = queue.Queue()", "Q.queue", id="a queue"),
        pytest.param("import asyncio\nEVENT = asyncio.Event()", "EVENT._waiters", id="an event of asyncio"),
        pytest.param("from gevent.pool import Group\nGROUP = Group()", "GROUP.greenlets", id="a group of greenlets"),
        pytest.param("import types\nNS = types.ModuleType('ns')\nNS.kept = []", "NS.kept", id="a module made here"),
        pytest.param("_kept_ = []", "_kept_", id="a name between underscores"),
        pytest.param(
            "class Kind(type):\n    kept = []\nclass State(metaclass=Kind): pass\ndel Kind",
            "State.__class__.kept",
            id="a metaclass without a name",
        ),
        pytest.param(
            "class Base:\n    kept = []\nclass State(Base): pass\ndel Base",
            "State.Base.kept",
            id="a base without a name",
        ),
        pytest.param(
            "import functools, json\n@functools.wraps(json.dumps)\ndef note(x, seen=[]): pass",
            "note(default 0)",
            id="a function that says it is another's",
        ),
    ],
)
def test_planted_state_is_found(text, way):
    module = types.ModuleType("wsgiresp.planted")
    exec(text, vars(module))
    assert way in [found for found, _ in mutable_objects(module)]


def test_tables_that_cannot_change_are_not_state():
    module = types.ModuleType("wsgiresp.planted")
    exec("NAMES = frozenset({'a'})\nPAIRS = (1, 2)\n__all__ = ['NAMES']", vars(module))
    assert list(mutable_objects(module)) == []
