"""JSON lines (application/jsonl): one document on each line."""

from __future__ import annotations

# Ends of a line for Unicode, so for str.splitlines() and for what is built on it, such as httpx and requests. The other
# ends are escaped in any JSON (RFC 8259, Section 7).
_ENDS = (("\u0085".encode(), rb"\u0085"), ("\u2028".encode(), rb"\u2028"), ("\u2029".encode(), rb"\u2029"))


def line(document: bytes) -> bytes:
    """Return *document*, JSON in UTF-8 without a line feed, as a line that nobody takes for two; its LF included."""
    # By number, what each of them begins with: to look for bytes within bytes takes ten times as long.
    if 0xE2 in document or 0xC2 in document:
        for end, escape in _ENDS:
            # They stand within strings, since no other part of JSON holds them.
            document = document.replace(end, escape)
    return document + b"\n"
