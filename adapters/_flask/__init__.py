"""What Flask's adapter is made of: contexts around streams and tasks."""
