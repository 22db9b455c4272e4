"""Layer 3: streams. A source is stepped by a producer behind a bounded buffer; a body waits and sends."""
