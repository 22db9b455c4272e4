"""Bars of ratios."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from benchmarks.plots import BARS, LABELS, panel, picture
from benchmarks.tables import Column

from .made import COSTS, GOALS, column, table

SVG = "{http://www.w3.org/2000/svg}"


def parts(svg, tag, kind):
    return [one for one in ElementTree.fromstring(svg).iter(SVG + tag) if one.get("class") == kind]


def texts(svg):
    return [one.text for one in ElementTree.fromstring(svg).iter(SVG + "text")]


def widths(svg, kind):
    return [float(one.get("width")) for one in parts(svg, "rect", kind)]


def test_a_bar_is_as_long_as_its_ratio():
    [bare, quick, _, slow] = widths(picture("text", [table()]), "p")
    assert (slow / bare, quick / bare) == (pytest.approx(9, 0.01), pytest.approx(1.5, 0.01))


def test_the_longest_whisker_has_the_whole_width():
    ends = re.findall(r"H([\d.]+)M", picture("text", [table()]))
    assert max(map(float, ends)) == LABELS + BARS


def test_a_whisker_is_from_quartile_to_quartile():
    made = table("text", column(figures={"wsgiresp": [2.0, 4.0], "bare": [1.0, 1.0]}))
    [whisker] = parts(picture("text", [made]), "path", "w")[:1]
    lower, upper = re.match(r"M([\d.]+) \d+H([\d.]+)M", whisker.get("d")).groups()
    assert (float(lower) - LABELS) / (float(upper) - LABELS) == pytest.approx(2.5 / 3.5, 0.01)


def test_the_baseline_is_in_the_picture_where_all_bars_are_shorter():
    made = table("text", column(figures={"wsgiresp": [1.0, 1.0], "bare": [4.0, 4.0]}, baselines={"wsgiresp": "bare"}))
    [line] = parts(picture("text", [made]), "path", "b")
    assert line.get("d").startswith(f"M{LABELS + BARS:.1f} ")


def test_ours_has_a_colour_of_its_own():
    assert len(widths(picture("text", [table()]), "o")) == 1


def test_a_bar_says_its_figure():
    assert "9" in texts(picture("text", [table()]))


@pytest.mark.parametrize(
    ("is_rate", "way"), [pytest.param(False, "shorter", id="a cost"), pytest.param(True, "longer", id="a rate")]
)
def test_a_panel_says_which_way_is_better(is_rate, way):
    assert panel(table("text", column(is_rate=is_rate))).unit == f"s, x bare; {way} is better"


def test_a_panel_is_of_the_column_that_has_goals():
    made = table("text", column(), Column("KiB", COSTS), column(heading="CPU s", goals=GOALS))
    assert panel(made).unit.startswith("CPU s")


def test_a_panel_is_of_the_next_column_where_one_has_no_ratio():
    made = table("text", column(baselines={}), column(heading="CPU s"))
    assert panel(made).unit.startswith("CPU s")


def test_a_panel_has_the_rows_that_it_is_told_and_that_were_measured():
    assert [bar.name for bar in panel(table("text", plotted=["slow", "absent"])).bars] == ["slow"]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param([], id="no tables"),
        pytest.param([table("text", Column("s", COSTS))], id="a table that compares nothing"),
        pytest.param([table("text", column(baselines={"slow": "absent"}))], id="a baseline that was not measured"),
    ],
)
def test_without_a_ratio_there_is_no_picture(made):
    assert picture("text", made) is None


def test_what_means_something_to_xml_is_text():
    made = table("<&>", column(figures={'"<b>&': [1.0, 1.0], "bare": [1.0, 1.0]}, baselines={'"<b>&': "bare"}))
    assert {"<&>", '"<b>&'} <= set(texts(picture("<&>", [made])))


def test_a_name_that_has_no_room_is_cut():
    made = table("t" * 80, column(figures={"n" * 80: [1.0, 1.0], "bare": [1.0, 1.0]}, baselines={"n" * 80: "bare"}))
    assert {"t" * 51 + "…", "n" * 27 + "…"} <= set(texts(picture("text", [made])))


def test_panels_do_not_lie_upon_each_other():
    svg = picture("text", [table(), table("more", plotted=["slow"]), table("third")])
    places = re.findall(r"translate\((\d+),(\d+)\)", svg)
    assert (len(set(places)), {left for left, _ in places}) == (3, {"0", "380"})


def test_the_picture_is_high_enough_for_its_lowest_panel():
    svg = picture("text", [table(str(number)) for number in range(3)])
    height = int(ElementTree.fromstring(svg).get("height"))
    lowest = max(int(top) for top in re.findall(r"translate\(\d+,(\d+)\)", svg))
    assert height == lowest + panel(table()).height


def test_a_picture_has_a_ground_for_light_and_one_for_dark():
    grounds = re.findall(r"\.g\{fill:(#\w+)\}", picture("text", [table()]))
    assert grounds == ["#fff", "#16181d"]


def channel(value):
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def luminance(colour):
    full = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    red, green, blue = (channel(int(full[place : place + 2], 16) / 255) for place in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrasts():
    """Return each text's contrast with its ground, as WCAG 2.2 defines it."""
    found = []
    light, dark = re.search(r"<style>(.*)</style>", picture("text", [table()]), re.S)[1].split("@media")
    for name, style in (("light", light), ("dark", dark)):
        [ground] = re.findall(r"\.g\{fill:#(\w+)\}", style)
        for kind in ("text", ".s"):
            [text] = re.findall(re.escape(kind) + r"\{fill:#(\w+)", style)
            bright, dim = sorted((luminance(ground), luminance(text)), reverse=True)
            found.append(pytest.param((bright + 0.05) / (dim + 0.05), id=f"{kind} on {name}"))
    return found


@pytest.mark.parametrize("contrast", contrasts())
def test_text_can_be_read(contrast):
    assert contrast >= 4.5  # WCAG 2.2, 1.4.3


def test_a_picture_asks_for_nothing_from_elsewhere():
    assert re.findall(r"https?://[^\"]*", picture("text", [table()])) == ["http://www.w3.org/2000/svg"]


def test_the_largest_picture_is_small():
    figures = {f"gevent: flask app + wsgiresp {number}": [1.2345, 123.45] for number in range(12)}
    most = column(figures=figures, baselines=dict.fromkeys(figures, next(iter(figures))))
    assert len(picture("Files", [table(f"small request, case {number}", most) for number in range(7)])) < 30_000
