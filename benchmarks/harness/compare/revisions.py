"""The source of a revision in a folder of its own, and the processes that import it from there."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from ..servers import ROOT
from .environment import MEASURED

WORKING_TREE = "working tree"
SOURCES = ("wsgiresp", "adapters")  # the package holds a link to the adapters, which stand beside it


@dataclass(frozen=True)
class Revision:
    """One revision, whose packages are in *folder*; *tools* is a folder with the benchmarks of this checkout."""

    name: str
    folder: Path
    tools: Path

    def environment(self, round: int) -> dict[str, str]:
        """Return the environment of a process that imports this revision.

        The seed of hashes depends on the *round* alone, so that sets and dicts are laid out alike in both revisions.
        """
        path = os.pathsep.join(map(str, (self.folder, self.tools)))
        return os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": str(round), MEASURED: str(self.folder)}

    def python(self, *arguments: str) -> list[str]:
        """Return the command of Python with *arguments*, to be started in ``folder``."""
        return [sys.executable, *arguments]


@contextmanager
def built(old: str, new: str | None) -> Iterator[tuple[Revision, Revision]]:
    """Return both revisions, *new* being the working tree if it is None; all is removed in the end.

    ``LookupError`` for a revision that git does not know.
    """
    with tempfile.TemporaryDirectory(prefix="bench-compare-") as place:
        tools = Path(place, "tools")
        tools.mkdir()
        # Through a link, not the checkout itself: the wsgiresp of that must be on no path.
        (tools / "benchmarks").symlink_to(ROOT / "benchmarks")
        found = []
        for side, name in (("old", old), ("new", new)):
            folder = Path(place, side)
            folder.mkdir()
            if name is None:
                _copy_working_tree(folder)
            else:
                _unpack(name, folder)
            # Without this the first process of each would compile, and write what the others read.
            compileall.compile_dir(folder, quiet=1)
            found.append(Revision(WORKING_TREE if name is None else name, folder, tools))
        yield found[0], found[1]


def _unpack(revision: str, folder: Path) -> None:
    done = subprocess.run(["git", "archive", revision, *SOURCES], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise LookupError(f"no revision {revision!r}: {done.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _copy_working_tree(folder: Path) -> None:
    """Copy what git knows of the packages, and what is new in them and not ignored, as it stands."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SOURCES]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, folder / name
        if source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
