"""Build the distributions, install them in every way that users do, and import and test them from another folder.

Run by ``tox -e package``. Works on a copy, so that the checkout keeps no trace of a build.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path
from tempfile import TemporaryDirectory

from check_extras import check_extras, python_of, run
from trove_classifiers import classifiers

CHECKOUT = Path(__file__).parents[1]
NOT_COPIED = shutil.ignore_patterns(".git", ".renewal", ".tox", ".venv", "*.egg-info")


def main() -> None:
    with TemporaryDirectory() as name:
        place = Path(name)
        copy = place / "copy"
        shutil.copytree(CHECKOUT, copy, symlinks=True, ignore=NOT_COPIED)
        # Without --wheel or --sdist: the wheel is built from the sdist.
        run(sys.executable, "-m", "build", "--outdir", place / "dist", copy)
        (sdist,) = (place / "dist").glob("*.tar.gz")
        (wheel,) = (place / "dist").glob("*.whl")
        run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
        check_wheel(wheel)
        check_sdist(sdist)
        ways: dict[str, list[str | Path]] = {
            "the wheel": [wheel],
            "the sdist": [sdist],
            "the folder": [copy],
            "the folder, editable": ["--editable", copy],
        }
        for way, arguments in ways.items():
            check_install(way, arguments, place)
        check_extras(wheel, place)


def check_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    strange = {name for name in names if not name.startswith(("wsgiresp/", "wsgiresp-"))}
    if strange or "wsgiresp/adapters/__init__.py" not in names:
        sys.exit(f"the wheel must hold wsgiresp with its adapters, and nothing else at its top: {sorted(names)}")
    check_classifiers(wheel)


def check_classifiers(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    unknown = set(metadata.get_all("Classifier", [])) - classifiers
    if unknown:
        sys.exit(f"a package index refuses what it does not know: {sorted(unknown)}")


def check_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    doubled = {name for name in names if name.startswith("wsgiresp/adapters")}
    if doubled or "adapters/__init__.py" not in names:
        sys.exit(f"the sdist must hold adapters/ as a real folder, and once: {sorted(names)}")


def check_install(way: str, arguments: list[str | Path], place: Path) -> None:
    environment = place / way.replace(" ", "-")
    venv.create(environment, with_pip=True)
    python = python_of(environment)
    run(python, "-m", "pip", "install", "--quiet", *arguments)
    run(python, "-m", "pip", "check")
    # -P: neither the checkout nor this folder is looked in, only what is installed.
    run(python, "-P", "-W", "error", CHECKOUT / "tests" / "check_imports.py")
    print(f"{way}: installed and imported", flush=True)


if __name__ == "__main__":
    main()
