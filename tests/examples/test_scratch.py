"""A temporary folder of the examples goes with the process that made it, and with no other."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from examples.readme_tables import EXAMPLES

# A child is forked as a worker of gunicorn is: it comes to a normal end of its own.
PROGRAM = """
import os, sys
from scratch import scratch_folder
folder = scratch_folder("made-here")
(folder / "file").write_text("content")
child = os.fork() if "fork" in sys.argv else None
if child == 0:
    sys.exit()
if child:
    os.waitpid(child, 0)
print(folder.name, (folder / "file").read_text())
"""


@pytest.mark.parametrize(
    "forking",
    [
        pytest.param([], id="by itself"),
        pytest.param(
            ["fork"],
            id="after a child that ended earlier",
            marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
        ),
    ],
)
def test_a_folder_is_there_until_its_process_ends(tmp_path, forking):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *forking],
        cwd=EXAMPLES,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=30,
    )
    assert done.stdout.startswith("made-here-")
    assert (done.stdout.endswith(" content\n"), list(tmp_path.iterdir())) == (True, [])
