"""What is wrong with the order of the house: upward imports, imports that a floor forbids, files that are too long.

Pure: sources come in as texts, faults go out as lines, so that a test can plant an upward import and see it found.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

LONGEST = 350  # lines of a file

# The package itself only passes names on, from every floor below the adapters, and nothing but an adapter asks it.
_FRONT = 4.5
_ADAPTERS = 5
_FLOORS = {
    "wsgiresp._types": 1,
    "wsgiresp._protocol": 1,
    "wsgiresp._bodies": 2,
    "wsgiresp.background": 2,
    "wsgiresp.responses": 3,
    # An HTTPException is its answer, which is a response; only views and their frameworks ask for one.
    "wsgiresp.exceptions": 3,
    "wsgiresp._views": 4,
    "wsgiresp.testing": 4,  # a client, which needs greenlets and asks nothing but the reader of events
    "wsgiresp.adapters": _ADAPTERS,
}

_GREENLETS = {"asyncio", "gevent", "greenlet", "socket", "threading"}
_FRAMEWORKS = {"django", "fastapi", "flask", "gunicorn", "starlette"}
_SYSTEM = {"logging", "os", "random", "secrets", "select", "selectors", "subprocess", "tempfile", "time"}
_CLOCK = {"now", "today", "utcnow"}  # of datetime, whose types floor 1 needs
_BANNED = {
    1: _FRAMEWORKS | _GREENLETS | _SYSTEM | {"io", "shutil", "open"},
    2: _FRAMEWORKS,
    3: _FRAMEWORKS | _GREENLETS | {"open"},
    4: _FRAMEWORKS,
    _FRONT: _FRAMEWORKS,
    _ADAPTERS: set[str](),
}


def faults(sources: Mapping[str, str]) -> list[str]:
    """Return a line for each fault in *sources*: path below the checkout to text, of everything that gets installed."""
    modules = {_module(path) for path in sources}
    found: list[str] = []
    for path, text in sources.items():
        found.extend(f"{path}{fault}" for fault in _faults_of(path, text, modules))
    return found


def _faults_of(path: str, text: str, modules: set[str]) -> Iterator[str]:
    if (length := len(text.splitlines())) > LONGEST:
        yield f": {length} lines, more than {LONGEST}"
    module = _module(path)
    floor = _floor(module)
    if floor is None:
        yield ": stands on no floor"
        return
    for node in ast.walk(ast.parse(text, path)):
        if isinstance(node, ast.Name) and node.id in _BANNED[floor]:
            yield f":{node.lineno}: {node.id} is banned on this floor"
        if isinstance(node, ast.Attribute) and node.attr in _CLOCK and floor == 1:
            yield f":{node.lineno}: {node.attr} is banned on this floor"
        if isinstance(node, ast.ImportFrom) and node.level and floor == _ADAPTERS:
            # The same file can be seen as adapters.flask, where a relative import leads elsewhere.
            yield f":{node.lineno}: an adapter imports by absolute names only"
        if isinstance(node, ast.Import | ast.ImportFrom):
            for target in _targets(node, _package(path), modules):
                if target.partition(".")[0] in _BANNED[floor]:
                    yield f":{node.lineno}: {target} is banned on this floor"
                # What stands under TYPE_CHECKING counts too: a name from upstairs in a signature is a dependency.
                if (_floor(target) or 0) > floor:
                    yield f":{node.lineno}: {target} is upstairs"


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


def _floor(module: str) -> float | None:
    """Return the floor of *module*, None for one that is not ours or whose place nobody has decided."""
    if module == "wsgiresp":
        return _FRONT
    first, second, *_ = [*module.split("."), ""]
    return _FLOORS.get(f"{first}.{second}")
