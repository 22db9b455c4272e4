"""Bars of ratios with their quartiles, as SVG: one picture for a benchmark, one panel for a table.

The picture has a ground of its own, light or dark as the reader's system is (Media Queries Level 5, Section 11.5): a
page that is dark for another reason still shows it on the ground that its colours are made for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from .measure import Spread
from .tables import OURS, Column, Table

# Pixels, all of them.
PANEL = 380
LABELS = 168  # from the left of a panel to its bars
BARS = 148  # the longest of them, with its whisker
ROW = 16
HEAD = 42  # from the top of a panel to its first bar
GAP = 14
LONGEST_TITLE, LONGEST_LABEL = 52, 28  # characters that there is room for

_STYLE = """\
svg{font:11px system-ui,sans-serif;color-scheme:light dark}
.g{fill:#fff}text{fill:#222}.t{font-weight:600;font-size:12px}.s{fill:#595959;font-size:10px}
.p{fill:#a9b4c2}.o{fill:#2b7bd6}.w{stroke:#222;fill:none}.b{stroke:#767676;stroke-dasharray:2 2}
@media(prefers-color-scheme:dark){.g{fill:#16181d}text{fill:#e6e6e6}.s{fill:#a8a8a8}.p{fill:#5b6675}
.o{fill:#4f9df0}.w{stroke:#e6e6e6}.b{stroke:#8c8c8c}}"""


@dataclass(frozen=True)
class Bar:
    """One candidate: its ratio to the baseline, and whether it is ours."""

    name: str
    ratio: Spread
    is_ours: bool


@dataclass(frozen=True)
class Panel:
    """One table: what its bars are, and which way is good."""

    title: str
    unit: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """How much room it takes, in pixels."""
        return HEAD + ROW * len(self.bars) + GAP


def panel(table: Table) -> Panel | None:
    """Return the bars of the column of *table* that has goals, else of its first ratios; None where it has no ratio."""
    compared = [column for column in table.columns if column.beside]
    with_goals = [column for column in compared if column.goals]
    for column in (*with_goals, *compared):
        names = table.plotted or list(column.figures)
        bars = [bar for name in names for bar in _bar(table, column, name)]
        if bars:
            way = "longer" if column.is_rate else "shorter"
            return Panel(table.title, f"{column.heading}, x {column.beside}; {way} is better", bars)
    return None


def picture(title: str, tables: Iterable[Table]) -> str | None:
    """Return the SVG of all *tables* that have ratios, None where none has."""
    panels = [found for found in map(panel, tables) if found is not None]
    if not panels:
        return None
    heights = [GAP, GAP]
    drawn: list[str] = []
    for one in panels:
        # In the shorter of two columns.
        place = heights.index(min(heights))
        drawn += [f'<g transform="translate({place * PANEL},{heights[place]})">', *_panel(one), "</g>"]
        heights[place] += one.height
    width, height = PANEL * min(2, len(panels)), max(heights)
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        '<rect class="g" width="100%" height="100%" rx="6"/>',
    ]
    return "\n".join([*head, *drawn, "</svg>\n"])


def _bar(table: Table, column: Column, name: str) -> Iterator[Bar]:
    ratio = column.compared(name) if name in column.figures else None
    if ratio is not None:
        yield Bar(name, ratio, OURS in name or name in table.rivals)


def _short(text: str, most: int) -> str:
    return escape(text if len(text) <= most else text[: most - 1] + "…")


def _panel(panel: Panel) -> Iterator[str]:
    # From 0: the length of a bar is what it says. Room for the baseline too, where all bars are shorter.
    scale = BARS / max(1.0, *(bar.ratio.upper for bar in panel.bars))
    yield f'<text class="t" x="12" y="14">{_short(panel.title, LONGEST_TITLE)}</text>'
    yield f'<text class="s" x="12" y="28">{escape(panel.unit)}</text>'
    for number, bar in enumerate(panel.bars):
        top = HEAD + ROW * number
        middle, lower, upper = (LABELS + scale * figure for figure in bar.ratio)
        kind = "o" if bar.is_ours else "p"
        centre = top + 5
        yield f'<text x="{LABELS - 6}" y="{top + 9}" text-anchor="end">{_short(bar.name, LONGEST_LABEL)}</text>'
        yield f'<rect class="{kind}" x="{LABELS}" y="{top}" width="{middle - LABELS:.1f}" height="11"/>'
        yield f'<path class="w" d="M{lower:.1f} {centre}H{upper:.1f}M{lower:.1f} {top + 2}v7M{upper:.1f} {top + 2}v7"/>'
        yield f'<text x="{upper + 5:.1f}" y="{top + 9}">{bar.ratio.median:.3g}</text>'
    one, bottom = LABELS + scale, HEAD + ROW * len(panel.bars)
    yield f'<path class="b" d="M{one:.1f} {HEAD - 4}V{bottom}"/>'
