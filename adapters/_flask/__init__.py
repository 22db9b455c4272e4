"""Layer 6: the parts of Flask's adapter."""
