"""Django's own middleware, where each stands, and what each puts on an answer."""

from __future__ import annotations

import django
from django_apps import OURS

HAS_CSP = django.VERSION >= (6, 0)
# The module of each, and the fields that it sets.
MIDDLEWARE: dict[str, tuple[str, dict[str, str]]] = {
    "SessionMiddleware": ("django.contrib.sessions.middleware", {}),
    "CommonMiddleware": ("django.middleware.common", {}),
    "CsrfViewMiddleware": ("django.middleware.csrf", {}),
    "ConditionalGetMiddleware": ("django.middleware.http", {}),
    "GZipMiddleware": ("django.middleware.gzip", {}),
    "SecurityMiddleware": ("django.middleware.security", {"X-Content-Type-Options": "nosniff"}),
    "XFrameOptionsMiddleware": ("django.middleware.clickjacking", {"X-Frame-Options": "DENY"}),
    "LocaleMiddleware": ("django.middleware.locale", {"Content-Language": "de"}),
    "CacheMiddleware": ("django.middleware.cache", {}),
}
if HAS_CSP:
    policy = {"Content-Security-Policy": "default-src 'self'"}
    MIDDLEWARE["ContentSecurityPolicyMiddleware"] = "django.middleware.csp", policy


def ours_and(name: str) -> list[str]:
    """Return a list of middleware with one of Django's."""
    return [f"{MIDDLEWARE[name][0]}.{name}", OURS]
