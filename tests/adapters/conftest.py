"""Fixture: a sample file for views to send."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of ten bytes."""
    (tmp_path / "a.txt").write_bytes(b"0123456789")
    return tmp_path / "a.txt"
