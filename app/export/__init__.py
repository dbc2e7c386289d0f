"""A plan's graph in the formats of other tools."""
