"""Entity-tags: parsed, compared, and made of the text that a program gives (RFC 9110, Section 8.8.3).

A tag is text with its quotes, and with ``W/`` where it is weak.
"""

from __future__ import annotations

import re

from .header_validation import exact

# A comma belongs to the tag, a backslash escapes nothing, a blank is no part of it; "W/" is case-sensitive.
_ENTITY_TAG = re.compile('(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
# An entity-tag that a program may send: without C1, which is refused in every header value.
_OURS = re.compile('(?:W/)?"[\x21\x23-\x7e\xa0-\xff]*"')
_UNQUOTED = re.compile("[\x21\x23-\x7e\xa0-\xff]+")
_MEMBER = re.compile(rf"[ \t]*(?:({_ENTITY_TAG.pattern})[ \t]*)?(?:,|\Z)")


def parse(value: str) -> list[str]:
    """Return the entity-tags of a list in their order; none at all where *value* is no list of them.

    Empty members are skipped (Section 5.6.1.2). One wrong member spoils the list, since what follows it cannot be told
    from what stands within quotes. The time is linear in the length of *value*: each step begins where the last ended.
    """
    tags = []
    position = 0
    while position < len(value):
        member = _MEMBER.match(value, position)
        if member is None:
            return []
        if member[1] is not None:
            tags.append(member[1])
        position = member.end()
    return tags


def entity_tag(text: str) -> str:
    """Return the entity-tag that *text* is, or that it becomes in quotes; only one with ``W/`` and quotes is weak.

    Raises ``ValueError`` for a text that can be none: empty, or with a blank, a control character, a quote that is not
    one of the two around it, or a character beyond latin-1.
    """
    if _OURS.fullmatch(text):
        return exact(text)
    if _UNQUOTED.fullmatch(text):
        return f'"{exact(text)}"'
    raise ValueError(
        'etag must be an entity-tag (RFC 9110, Section 8.8.3), "x" or W/"x",'
        f" or characters to put in quotes, without blanks and quotes, got {text!r}"
    )


def match_strongly(one: str, other: str) -> bool:
    """Return whether two tags are the same and neither is weak (RFC 9110, Section 8.8.3.2)."""
    return one == other and one.startswith('"')


def match_weakly(one: str, other: str) -> bool:
    """Return whether two tags are the same, weak or not (RFC 9110, Section 8.8.3.2)."""
    # Not by removeprefix(): that copies a long tag for each member of a list.
    return one == other or _is_weak_form(one, other) or _is_weak_form(other, one)


def _is_weak_form(tag: str, other: str) -> bool:
    return len(tag) == len(other) + 2 and tag.startswith("W/") and tag.endswith(other)
