"""Chromium unpacks the parts of a page that are compressed on disk, and saves archives as they are."""

from __future__ import annotations

import gzip
import time

import pytest
from clients.external_programs import PATIENCE, needs

pytestmark = needs("chromium", "chromedriver")

PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32"><rect width="64" height="32"/></svg>'
TABLE = gzip.compress(b"name,price\r\nbolt,0.10\r\n" * 100, mtime=0)
# (module (func (export "answer") (result i32) (i32.const 42)))
PROGRAM = bytes.fromhex("0061736d010000000105016000017f03020100070a0106616e7377657200000a06010400412a0b")
# "body { color: rgb(1, 2, 3) }" in Brotli.
STYLE = bytes.fromhex("8b0d80626f6479207b20636f6c6f723a2072676228312c20322c203329207d03")

PAGE = """<!doctype html><title>Assets</title>
<link rel="stylesheet" href="site.css.br">
<img src="pic.svgz"><script src="app.js.gz"></script><script type="module" src="lib.mjs.zst"></script>
<a href="data.csv.gz">Table</a>
"""
LOADED = """
const done = arguments[0];
const report = async () => {
    const program = await WebAssembly.instantiateStreaming(fetch("game.wasm.gz"));
    const data = await (await fetch("game.data.gz")).text();
    const table = await (await fetch("data.csv.gz")).arrayBuffer();
    const image = document.querySelector("img");
    done({
        image: [image.naturalWidth, image.naturalHeight],
        style: getComputedStyle(document.body).color,
        script: window.scriptRan,
        module: window.moduleRan,
        program: program.instance.exports.answer(),
        data: data,
        table: Array.from(new Uint8Array(table)),
    });
};
const start = () => report().catch(error => done({error: String(error)}));
if (document.readyState === "complete") start();
else window.onload = start;
"""
CLICK = "document.querySelector('a').click(); arguments[0]()"
TICK = "setTimeout(arguments[0], 20)"


def zstandard(content):
    """Return *content* as a frame of one raw block: RFC 8878, Section 3.1.1."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) + (len(content) << 3 | 1).to_bytes(3, "little") + content


@pytest.fixture
def page(website):
    """The URL of a page whose parts are all compressed on disk, but for the page itself."""
    files = {
        "pic.svgz": gzip.compress(PICTURE),
        "site.css.br": STYLE,
        "app.js.gz": gzip.compress(b"window.scriptRan = true;"),
        "lib.mjs.zst": zstandard(b"window.moduleRan = import.meta.url.endsWith('.zst');"),
        "game.wasm.gz": gzip.compress(PROGRAM),
        "game.data.gz": gzip.compress(b"levels"),
        "data.csv.gz": TABLE,
        "assets.html": PAGE.encode(),
    }
    for name, content in files.items():
        (website.folder / name).write_bytes(content)
    return website.url("fresh", "assets.html")


def test_the_parts_of_a_page_are_unpacked_and_data_are_not(browser, page):
    browser.open(page)
    assert browser.run(LOADED) == {
        "image": [64, 32],
        "style": "rgb(1, 2, 3)",
        "script": True,
        "module": True,
        "program": 42,
        "data": "levels",
        "table": list(TABLE),
    }


def test_a_compressed_page_and_a_compressed_picture_are_shown(browser, website, page, mark):
    (website.folder / "packed.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    browser.open(website.url("fresh", "packed.html.gz"))
    assert browser.run("arguments[0](document.title)") == "Assets"
    browser.open(website.url("fresh", "pic.svgz", mark))
    assert browser.run("arguments[0](document.documentElement.localName)") == "svg"


@pytest.mark.parametrize("name", ["data.csv.gz", "app.js.gz"])
def test_an_archive_is_saved_as_it_is(browser, website, page, tmp_path, name):
    browser.save_into(tmp_path)
    browser.open(page)
    # A part of a page is saved as it is where it is sent to be saved.
    route = "fresh" if name == "data.csv.gz" else "saved"
    browser.run(f"document.querySelector('a').href = '/{route}/{name}'; {CLICK}")
    saved = tmp_path / name
    until = time.monotonic() + PATIENCE
    while not saved.exists():  # Chromium renames it once it is whole
        assert time.monotonic() < until, f"not saved: {[found.name for found in tmp_path.iterdir()]}"
        browser.run(TICK)
    assert saved.read_bytes() == (website.folder / name).read_bytes()
