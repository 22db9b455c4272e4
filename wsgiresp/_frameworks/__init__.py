"""Layer 5: what the adapters of frameworks share, without knowing any framework."""
