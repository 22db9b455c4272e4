"""Layer 4: what exists only because our responses are werkzeug's too: body, cookies, class swap."""
