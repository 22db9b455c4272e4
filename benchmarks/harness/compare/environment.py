"""The variables that tell a measured process what it measures, and the check that it imports that and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

MEASURED = "WSGIRESP_MEASURED"
"""The folder of the revision."""

FILES = "WSGIRESP_MEASURED_FILES"
"""The folder of the files that are sent."""


def require_own_revision() -> None:
    """Import wsgiresp; ``ImportError`` if it does not come from the folder that this process is to measure."""
    import wsgiresp

    wanted = Path(os.environ[MEASURED]).resolve()
    if not Path(wsgiresp.__file__).resolve().is_relative_to(wanted):
        raise ImportError(f"wsgiresp is imported from {wsgiresp.__file__!r}, not from {str(wanted)!r}")
