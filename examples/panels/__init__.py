"""What the start page of the demo asks for, a module for each kind of panel that needs more than the other examples."""
