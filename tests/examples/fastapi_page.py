"""What the snippets of FastAPI's page on response classes answer, whichever framework serves them."""

from __future__ import annotations

import json
from typing import Any

import pytest

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
EVENTS = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
ITEMS = {"items": ["item1", "item2"]}

# The cookie of ``/login``: its pair and its attributes, in small letters.
SESSION = "session_id=abc123", {"httponly", "max-age=3600", "path=/", "samesite=lax", "secure"}

each_snippet = pytest.mark.parametrize(
    ("method", "path", "status", "headers", "body"),
    [
        ("GET", "/custom", 200, TEXT | {"X-Custom-Header": "value"}, "Custom content"),
        ("GET", "/json/items", 200, JSON | {"X-Custom-Header": "value"}, ITEMS),
        ("GET", "/model/items", 200, JSON, {"name": "Portal Gun", "price": 42.0}),
        ("GET", "/page", 200, HTML, "<h1>Hello</h1>"),
        ("GET", "/text", 200, TEXT, "Hello, World!"),
        ("GET", "/plain", 200, TEXT, "Plain text content"),
        ("GET", "/old-path", 307, {"Location": "/new-path"}, ""),
        ("GET", "/redirect", 302, {"Location": "https://example.com"}, ""),
        ("GET", "/stream", 200, TEXT, "".join(f"data: {i}\n" for i in range(10))),
        ("GET", "/video", 200, {"Content-Type": "video/mp4"}, "a video\n" * 3),
        (
            "GET",
            "/download",
            200,
            {
                "Content-Type": "application/pdf",
                "Content-Disposition": 'attachment; filename="monthly_report.pdf"',
                "Accept-Ranges": "bytes",
            },
            "%PDF-1.7\n",
        ),
        ("GET", "/orjson/items", 200, JSON, ITEMS),
        ("GET", "/html/root", 200, HTML, "<h1>Hello</h1>"),
        ("GET", "/html/items", 200, HTML, "<html><body><h1>Items</h1></body></html>"),
        ("GET", "/items", 200, JSON | {"X-Custom-Header": "value"}, {"message": "Success"}),
        ("POST", "/login", 200, JSON, {"message": "Logged in"}),
        ("POST", "/logout", 200, JSON, {"message": "Logged out"}),
        ("GET", "/headers/items", 200, JSON | {"X-Custom-Header": "Custom Value", "X-Process-Time": "0.123"}, ITEMS),
        ("POST", "/send-notification", 200, JSON, {"message": "Notification sent in background"}),
        ("POST", "/process", 200, JSON, {"status": "processing"}),
        ("GET", "/items/1", 200, JSON, {"name": "Portal Gun"}),
        ("GET", "/items/2", 404, JSON, {"detail": "Item not found"}),
        ("GET", "/custom-error/items/1", 200, JSON, {"name": "Portal Gun"}),
        ("GET", "/custom-error/items/2", 404, JSON, {"error": "Item not found", "item_id": 2}),
    ],
)


def text_of(body: Any) -> str:
    """Return the text in which *body* is sent: as it is, or as compact JSON."""
    return body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))


def cookie_of(field: str) -> tuple[str, set[str]]:
    """Return the pair and the attributes of a Set-Cookie field, in small letters."""
    pair, *attributes = (part.strip() for part in field.lower().split(";"))
    return pair, set(attributes)


def blocks(stream: str) -> list[list[str]]:
    """Return the blocks of a stream of events, without comments, each as its lines."""
    found = [[line for line in block.split("\n") if not line.startswith(":")] for block in stream.split("\n\n")]
    return [block for block in found if block and block != [""]]
