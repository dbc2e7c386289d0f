"""How right a plan's dependencies are, held against an index that somebody else made."""
