"""The pictures of the demo in the docs, made anew: ``PYTHONPATH=.:tests python -m clients.screenshots``.

Chromium shows the page after every panel was used; each picture is cut to its panels.
"""

from __future__ import annotations

import base64
import struct
import tempfile
import zlib
from pathlib import Path
from typing import NamedTuple

from clients.browser import Browser, browse
from clients.start_page import StartPage, demo, walk

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST = 200_000  # bytes of a picture
SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Hands over the box, in CSS pixels of the page, that holds all elements which are found.
BOX = """
const [selector, done] = arguments;
scrollTo(0, 0);
const boxes = Array.from(document.querySelectorAll(selector), element => element.getBoundingClientRect());
const [left, top] = [Math.min(...boxes.map(box => box.left)), Math.min(...boxes.map(box => box.top))];
const [right, bottom] = [Math.max(...boxes.map(box => box.right)), Math.max(...boxes.map(box => box.bottom))];
done({x: left - 8, y: top - 8, width: right - left + 16, height: bottom - top + 16});
"""


class Picture(NamedTuple):
    """One picture: its name, the width of the window, light or dark, and what is on it."""

    name: str
    width: int
    scheme: str
    selector: str


PICTURES = (
    Picture("demo-exchange", 1000, "light", "header, section:nth-of-type(1)"),
    Picture("demo-log", 1000, "light", "section:nth-of-type(2)"),
    Picture("demo-panels", 1000, "light", "section:nth-of-type(n+3):nth-of-type(-n+6)"),
    Picture("demo-lines", 1000, "light", "section:nth-of-type(n+7)"),
    Picture("demo-phone", 360, "dark", "section:nth-of-type(n+3):nth-of-type(-n+5)"),
)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, demo() as server, browse(Path(home)) as browser:
        page = StartPage(browser, server)
        page.open()
        walk(page)
        page.press("#cookies-set")
        page.ask("FileResponse, two parts", "WSGI")
        page.press("#restart")
        page.wait("#connections", "farewell")
        page.wait("#log", "has begun")
        for picture in PICTURES:
            image = small(taken(browser, picture))
            if len(image) > MOST:
                raise ValueError(f"{picture.name} has {len(image)} bytes, more than {MOST}")
            (IMAGES / f"{picture.name}.png").write_bytes(image)
            print(f"{picture.name}: {len(image)} bytes")


def taken(browser: Browser, picture: Picture) -> bytes:
    """Return *picture* as the browser makes it."""
    tell(browser, "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": picture.scheme}])
    # As on a phone, where no scrollbar takes a part of the width.
    screen = {"width": picture.width, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    tell(browser, "Emulation.setDeviceMetricsOverride", **screen)
    clip = {**browser.run(BOX, picture.selector), "scale": 1}
    shot = tell(browser, "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
    return base64.b64decode(shot["data"])


def tell(browser: Browser, command: str, **parameters: object) -> dict[str, str]:
    """Return what Chromium answers to a *command* of its own protocol."""
    answer: dict[str, str] = browser.command("POST", "/goog/cdp/execute", cmd=command, params=parameters)
    return answer


def small(image: bytes) -> bytes:
    """Return the same PNG, its pixels packed as well as zlib can; Chromium packs them fast (PNG, Section 5)."""
    chunks = dict[bytes, bytes]()
    at = len(SIGNATURE)
    while at < len(image):
        length, kind = struct.unpack_from(">I4s", image, at)
        chunks[kind] = chunks.get(kind, b"") + image[at + 8 : at + 8 + length]
        at += length + 12
    packed = {b"IHDR": chunks[b"IHDR"], b"IDAT": zlib.compress(zlib.decompress(chunks[b"IDAT"]), 9), b"IEND": b""}
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in packed.items()
    )


if __name__ == "__main__":
    main()
