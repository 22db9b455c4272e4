"""Floor 5: what lets a framework's views return the responses of wsgiresp. Each adapter is a module of its own."""
