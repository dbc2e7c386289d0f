"""A masterplan from an imported code base."""
