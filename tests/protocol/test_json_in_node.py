"""JavaScript reads frames: ``JSON.parse`` takes each document, and ``Date`` each moment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from clients.external_programs import PATIENCE, needs
from protocol.frames import UNITS, np, pd

from wsgiresp._protocol.json_encoding import json_encoder, orjson_encode

pytestmark = needs("node")

SCRIPT = """
const lines = require("fs").readFileSync(0, "utf-8").split("\\n");
for (const line of lines) console.log(JSON.stringify(JSON.parse(line)));
"""
DATES = """
const texts = JSON.parse(require("fs").readFileSync(0, "utf-8"));
console.log(JSON.stringify(texts.map(text => new Date(text.endsWith("Z") ? text : text + "Z").getTime())));
"""

# In the range of Date (ECMA-262, "Time Values and Time Range"): of the years 2024, -5 and 33658, of which nanoseconds
# hold the first.
MOMENTS = np.array([1_709_168_523_004, -62_325_849_600_000, 10**15], "M8[ms]")


def node(script: str, text: str) -> str:
    done = subprocess.run(
        ["node", "-e", script], input=text, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=True
    )
    return done.stdout


def documents() -> Iterator[Any]:
    for unit in UNITS:
        moments, spans = (np.array([5, "NaT", -(10**4)], f"{kind}8[{unit}]") for kind in "Mm")
        yield {"moments": moments, "spans": spans, moments[0]: np.array([(moments[0], 1)], "M8[s],i2")}
    for dtype in ("bool", "int8", "uint64", "float16", "float32", "float64", "longdouble", "U3", "O"):
        yield np.array([1, 0], dtype)
    frame = pd.DataFrame(
        {
            "weight": [2.5, None],
            "count": pd.array([1, None], "Int64"),
            "name": pd.array(["a", None], "string"),
            "shipped": pd.to_datetime(["2025-07-08T09:10:11.123456789", None]),
            "local": pd.to_datetime(["2025-07-08", None]).tz_localize("Europe/Amsterdam"),
            "took": pd.to_timedelta([1, None], unit="ns"),
        }
    )
    yield from (frame.to_dict("records"), frame.to_dict("list"), frame.set_index("shipped")["weight"].to_dict())


@pytest.mark.parametrize("encode", [json_encoder().encode, orjson_encode], ids=["simplejson", "orjson"])
def test_json_parse_reads_frames_with_missing_values_and_every_unit(encode):
    lines = [encode(document).decode() for document in documents()]
    assert [json.loads(line) for line in node(SCRIPT, "\n".join(lines)).splitlines()] == [
        json.loads(line) for line in lines
    ]


@pytest.mark.parametrize("unit", UNITS[:-3])
def test_date_reads_a_moment_of(unit):
    moments = MOMENTS[: 1 if unit == "ns" else 3].astype(f"M8[{unit}]")
    texts = json.loads(json_encoder().encode(moments))
    is_date = "T" not in texts[0]
    read = json.loads(node(DATES, json.dumps([f"{text}T00:00:00" if is_date else text for text in texts])))
    assert read == moments.astype("M8[ms]").astype("int64").tolist()
