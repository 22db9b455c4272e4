"""What is wrong with the layers: upward imports, what a layer bans, runtimes where they are not listed, sizes.

Pure: sources come in as texts, faults go out as lines, so that a test can plant an upward import and see it found.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

LONGEST = 350  # lines of a file
SHORTEST = 40  # lines of a module, unless it is listed

# Of two packages with one number, neither imports the other: they are siblings.
_ADAPTERS = 6
LAYERS = {
    "wsgiresp._types": 1,
    "wsgiresp._protocol": 1.5,  # names the types
    "wsgiresp._runtime": 2,
    "wsgiresp._files": 3,
    "wsgiresp._streams": 3,
    "wsgiresp._tasks": 3,
    "wsgiresp.background": 3.5,  # public, over _tasks
    "wsgiresp.responses": 4,
    "wsgiresp._frameworks": 5,
    # An HTTPException is its answer, which is a response; only views and their frameworks ask for one.
    "wsgiresp.exceptions": 5.1,
    "wsgiresp._views": 5.2,
    "wsgiresp.adapters": _ADAPTERS,
    "wsgiresp.status": 7,
    "wsgiresp.testing": 7,
    "wsgiresp._worker_status": 7,
    "wsgiresp": 7.5,  # passes names on
}

_RUNTIMES = {"asyncio", "gevent", "greenlet"}
_GREENLETS = _RUNTIMES | {"_socket", "_thread", "concurrent", "multiprocessing", "queue", "socket", "threading"}
_FRAMEWORKS = {"django", "fastapi", "flask", "gunicorn", "starlette"}
_SYSTEM = {"logging", "os", "random", "secrets", "select", "selectors", "subprocess", "tempfile", "time"}
_CLOCK = {"now", "today", "utcnow"}  # of datetime, whose types layer 1 needs
_BANNED = {
    1: _FRAMEWORKS | _GREENLETS | _SYSTEM | {"_io", "builtins", "io", "posix", "shutil", "open"},
    2: _FRAMEWORKS,
    3: _FRAMEWORKS,
    4: _FRAMEWORKS | _GREENLETS | {"open"},
    5: _FRAMEWORKS,
    6: set[str](),
    7: _FRAMEWORKS,
}

# Besides _runtime, which is behind one interface what gevent and asyncio are.
WITH_RUNTIME = {
    "wsgiresp/_streams/greenlet_producer.py": "steps the source in a greenlet",
    "wsgiresp/_streams/producer_stage.py": "knows the exceptions that interrupt a greenlet and a task",
    "wsgiresp/_streams/task_producer.py": "steps the source in a task",
    "wsgiresp/_tasks/greenlet_pool.py": "runs tasks in greenlets",
    "wsgiresp/_tasks/retry.py": "cuts a call short in a greenlet or a task, and waits between two tries",
    "wsgiresp/_tasks/worker_pool.py": "knows whether a task is submitted by a greenlet, a hub or a thread",
    "wsgiresp/testing.py": "a server and a client in greenlets",
    "adapters/_django/asgi_requests.py": "knows the loop of the request",
    "adapters/_django/checks.py": "tells whether gevent has patched the process",
    "adapters/_django/thread_body.py": "waits for a thread from the loop of the request",
    "adapters/gunicorn.py": "gunicorn's gevent worker",
}

SHORT = {
    "wsgiresp/_files/content_digest.py": "reads files, for the layer above, which must not",
    "wsgiresp/_protocol/caching.py": "Cache-Control, a header of its own (RFC 9111)",
    "wsgiresp/_protocol/json_lines.py": "a format of its own, application/jsonl",
    "wsgiresp/_protocol/json_markers.py": "shared by four modules of which each imports another",
    "wsgiresp/_protocol/length_counting.py": "used by both bodies of streams and by werkzeug's",
    "wsgiresp/responses/_werkzeug/derived_class.py": "used by three modules on two layers",
    "wsgiresp/responses/close_steps.py": "used by Response and by its base class, which Response imports",
    "wsgiresp/responses/early_hints.py": "a public function of its own",
    "wsgiresp/responses/text.py": "the two classes for text, where a reader looks for them",
}


def faults(sources: Mapping[str, str]) -> list[str]:
    """Return a line for each fault in *sources*: path below the checkout to text, of everything that gets installed."""
    modules = {_module(path) for path in sources}
    found: list[str] = []
    for path, text in sources.items():
        found.extend(f"{path}{fault}" for fault in _faults_of(path, text, modules))
    return found


def short_modules(sources: Mapping[str, str]) -> set[str]:
    """Return the paths of the modules that are shorter than a module is without a reason."""
    return {
        path
        for path, text in sources.items()
        if len(text.splitlines()) < SHORTEST and PurePosixPath(path).name != "__init__.py"
    }


def modules_with_runtime(sources: Mapping[str, str]) -> set[str]:
    """Return the paths outside of ``_runtime`` that import gevent, greenlet or asyncio."""
    found = set()
    for path, text in sources.items():
        for node in ast.walk(ast.parse(text, path)):
            if isinstance(node, ast.Import | ast.ImportFrom) and not path.startswith("wsgiresp/_runtime/"):
                names = [*_targets(node, _package(path), set()), *(alias.name for alias in node.names)]
                if any(name.partition(".")[0] in _RUNTIMES for name in names):
                    found.add(path)
            # One that another module has imported: hubs.gevent.
            if isinstance(node, ast.Attribute) and node.attr in _RUNTIMES and not path.startswith("wsgiresp/_runtime/"):
                found.add(path)
    return found


def attribute_counts(sources: Mapping[str, str]) -> dict[str, int]:
    """Return how many attributes of its own each class has, by path and name: what is assigned on it or on ``self``."""
    counts = {}
    for path, text in sources.items():
        for kind in (node for node in ast.walk(ast.parse(text, path)) if isinstance(node, ast.ClassDef)):
            names = {
                node.attr
                for node in ast.walk(kind)
                if isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id == "self"
            }
            for node in kind.body:
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                names |= {target.id for target in targets if isinstance(target, ast.Name)} - {"__slots__"}
            counts[f"{path}:{kind.name}"] = len(names)
    return counts


def _faults_of(path: str, text: str, modules: set[str]) -> Iterator[str]:
    if (length := len(text.splitlines())) > LONGEST:
        yield f": {length} lines, more than {LONGEST}"
    module = _module(path)
    layer = _layer(module)
    if layer is None:
        yield ": is in no layer"
        return
    banned = _BANNED[int(layer)]
    for node in ast.walk(ast.parse(text, path)):
        if isinstance(node, ast.Name) and node.id in banned:
            yield f":{node.lineno}: {node.id} is banned in this layer"
        if isinstance(node, ast.Attribute) and node.attr in _CLOCK and int(layer) == 1:
            yield f":{node.lineno}: {node.attr} is banned in this layer"
        if isinstance(node, ast.ImportFrom) and node.level and layer == _ADAPTERS:
            # The same file can be seen as adapters.flask, where a relative import leads elsewhere.
            yield f":{node.lineno}: an adapter imports by absolute names only"
        for name in _dynamic(node):
            yield f":{node.lineno}: {name} imports by a name that no reader of imports sees"
        if isinstance(node, ast.Import | ast.ImportFrom):
            for target in _targets(node, _package(path), modules):
                if target.partition(".")[0] in banned:
                    yield f":{node.lineno}: {target} is banned in this layer"
                yield from (f":{node.lineno}: {fault}" for fault in _direction(target, module, layer))


# What imports by a text. importlib.metadata and importlib.resources look at files, not at modules.
_DYNAMIC_NAMES = {"__import__", "eval", "exec"}
_DYNAMIC_ATTRIBUTES = {"__import__", "import_module", "resolve_name", "find_spec", "spec_from_file_location"}


def _dynamic(node: ast.AST) -> Iterator[str]:
    """Yield what *node* imports by: also passed on, or under another name."""
    if isinstance(node, ast.Name) and node.id in _DYNAMIC_NAMES | _DYNAMIC_ATTRIBUTES:
        yield node.id
    elif isinstance(node, ast.Attribute) and node.attr in _DYNAMIC_NAMES | _DYNAMIC_ATTRIBUTES:
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names if alias.name in _DYNAMIC_ATTRIBUTES)


def _direction(target: str, module: str, layer: float) -> Iterator[str]:
    """Yield what is wrong with the import of *target*; also under TYPE_CHECKING: a name in a signature counts."""
    wanted = _layer(target) or 0
    if wanted > layer:
        yield f"{target} is in a higher layer"
    elif wanted == layer and _top(target) != _top(module):
        yield f"{target} is a sibling in the same layer"
    elif wanted == layer == _ADAPTERS and _adapter(target) not in ("", _adapter(module)):
        yield f"{target} belongs to another framework"
    elif wanted == _ADAPTERS != layer:
        yield f"{target} wants a framework to be installed"


def _targets(node: ast.Import | ast.ImportFrom, package: str, modules: set[str]) -> Iterator[str]:
    """Yield the absolute names of the modules that *node* imports into a module of *package*."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        above = package.split(".")[: package.count(".") + 2 - node.level]
        base = ".".join([*above, *filter(None, [base])])
    for alias in node.names:
        name = f"{base}.{alias.name}"
        # `from package import x`: x is a module of its own, or a name that package holds.
        yield name if name in modules else base


def _module(path: str) -> str:
    """Return the dotted name under which the file at *path* installs."""
    parts = PurePosixPath(path).with_suffix("").parts
    if parts[0] == "adapters":
        parts = ("wsgiresp", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _package(path: str) -> str:
    """Return the package that a relative import in the file at *path* starts from."""
    module = _module(path)
    return module if PurePosixPath(path).name == "__init__.py" else module.rpartition(".")[0]


def _top(module: str) -> str:
    """Return the name by which *module* stands in the table of layers."""
    return ".".join(module.split(".")[:2])


def _adapter(module: str) -> str:
    """Return the framework of an adapter or of a part of one, empty for the package of all."""
    return ".".join(module.split(".")[2:3]).lstrip("_")


def _layer(module: str) -> float | None:
    """Return the layer of *module*, None for one that is not ours or whose place nobody has decided."""
    return LAYERS.get(_top(module))
