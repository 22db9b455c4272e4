"""The two markers that the JSON modules pass to each other: a value without a JSON form, and a missing value."""

from __future__ import annotations

from typing import Final, NoReturn


class _Unknown:
    def for_json(self) -> NoReturn:
        raise TypeError("this value is not JSON serializable")


UNKNOWN: Final = _Unknown()
"""A value that is not JSON serializable: an encoder that continues with it gets a ``TypeError``."""

MISSING: Final = float("nan")
"""A missing time or value (``NaT``, ``NA``): NaN for the encoders; error messages know it by its identity."""
