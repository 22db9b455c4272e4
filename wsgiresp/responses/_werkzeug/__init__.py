"""Layer 4: what exists only because our responses subclass werkzeug's."""
