"""The tables of what differs from other projects, and the page that tells of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from peers.differences import tables, unknown
from peers.parity_page import PEERS, page

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
CLAUSE = re.compile(r"RFC \d+, Sections? [\d., and]+|WHATWG HTML, Section [\d.]+|(?:PEP \d+|ASGI), .+")


def test_the_page_is_that_of_the_tables():
    assert (DOCS / "reference" / "parity.md").read_text("utf-8") == page()


def test_each_file_of_tables_is_on_the_page():
    assert {file.name for file in HERE.glob("*_differences.toml")} == {f"{peer}_differences.toml" for peer in PEERS}


def test_a_new_difference_is_left_over_and_one_that_is_gone_is_noted():
    noted = {}
    left = unknown("sse_starlette", {"a", "new"}, {"a", "gone"}, lambda fault, shows: noted.update({fault: shows}))
    assert left == {"new"}
    assert {(fault.project, fault.row.rpartition(", ")[2], shows) for fault, shows in noted.items()} == {
        ("sse-starlette", "a", True),
        ("sse-starlette", "gone", False),
    }


@pytest.mark.parametrize("peer", PEERS)
def test_each_difference_has_one_reason(peer):
    tests = [test for table in tables(peer) for test in table["tests"]]
    assert len(tests) == len(set(tests))
    assert all(table["reason"] for table in tables(peer))


@pytest.mark.parametrize("peer", PEERS)
def test_each_reason_names_a_clause_or_a_page_that_is_there(peer):
    sources = [source for table in tables(peer) for source in table["source"].split("; ")]
    assert [source for source in sources if not CLAUSE.fullmatch(source) and not (DOCS / source).is_file()] == []
