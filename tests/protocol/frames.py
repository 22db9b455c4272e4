"""numpy and pandas, for the tests that need them, and strategies for what they hold."""

from __future__ import annotations

import os

# One thread: more of them, which run from the import on, would make each fork() of a later test a DeprecationWarning.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from hypothesis import strategies as st

__all__ = ["UNITS", "arrays", "columns", "np", "pd", "scalars"]

UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")

_dtypes = st.builds("{}{}8[{}]".format, st.sampled_from("<>"), st.sampled_from("mM"), st.sampled_from(UNITS))
_counts = st.integers(-(2**63), 2**63 - 1) | st.integers(-(10**6), 10**6)  # the least one is NaT


def _array(counts: list[int], dtype: str) -> np.ndarray:
    return np.array(counts, "int64").astype(dtype)


times = st.builds(_array, st.lists(_counts, max_size=4), _dtypes)
numbers = st.builds(
    np.array,
    st.lists(st.integers(0, 100), max_size=4),
    st.sampled_from(["bool", "int8", "uint64", "float16", "float32", "float64", "longdouble", "U3", "O"]),
)
arrays = times | numbers
"""Arrays of one dimension, of each type that has a form in JSON."""

scalars = arrays.filter(len).map(lambda array: array[0])
"""Scalars of the same types."""

keys = scalars.filter(lambda scalar: not isinstance(scalar, np.timedelta64 | np.longdouble))
"""Scalars that are keys too."""

columns = st.sampled_from(
    [
        pd.Series([1.5, None]),
        pd.Series([1, None], dtype="Int64"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(["a", None]),
        pd.Series(["a", None], dtype="string"),
        pd.Series(["a", None], dtype="category"),
        pd.Series([pd.NA, pd.NaT, None, float("nan")], dtype="object"),
        pd.Series(pd.to_datetime(["2025-07-08T09:10:11.123456789", None])),
        pd.Series(pd.to_datetime(["2025-07-08", None]).tz_localize("Europe/Amsterdam")),
        pd.Series(pd.to_timedelta([1, None], unit="ns")),
        *(pd.Series(np.array([5, "NaT"], f"M8[{unit}]")) for unit in ("s", "ms", "us", "ns")),
        *(pd.Series(np.array([5, "NaT"], f"m8[{unit}]")) for unit in ("s", "ms", "us", "ns")),
    ]
)
"""Columns with a missing value."""
