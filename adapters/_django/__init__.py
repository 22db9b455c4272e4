"""Layer 6: the parts of Django's adapter."""
