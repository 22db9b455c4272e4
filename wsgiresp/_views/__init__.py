"""Layer 5: view rules that all frameworks share. What a view gets, and what becomes of what it returns."""
