"""Write weather.csv beside this file: three years of a weather station that does not exist, the same on each run."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

FIRST = date(2022, 1, 1)
DAYS = 1096  # to the end of 2024, a leap year
COLUMNS = ("date", "low", "high", "rain", "wind")


def rows(seed: int = 2022) -> Iterator[tuple[str, ...]]:
    """Return a row for each day: date, lowest and highest °C, mm of rain, m/s of wind on average."""
    # random() alone: of the module's methods it is the one whose sequence no Python version changes.
    chance = random.Random(seed).random
    drift = 0.0
    for number in range(DAYS):
        day = FIRST + timedelta(number)
        drift = 0.8 * drift + 3 * (chance() - 0.5) + 3 * (chance() - 0.5)
        mean = 9.5 - 9.5 * math.cos(2 * math.pi * (number - 20) / 365.25) + drift
        span = 4 + 7 * chance()
        wet = chance() < 0.4
        rain = 12 * chance() ** 3 if wet else 0.0
        wind = 1 + 5 * chance() * (1.4 if wet else 0.8)
        figures = (mean - span / 2, mean + span / 2, rain, wind)
        # + 0: a negative zero becomes a plain one.
        yield day.isoformat(), *(str(Decimal(figure).quantize(Decimal("0.01")) + 0) for figure in figures)


def write(path: Path) -> None:
    """Write the rows under their columns to *path*."""
    with path.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows())


if __name__ == "__main__":
    write(Path(__file__).with_name("weather.csv"))
