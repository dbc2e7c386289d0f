"""A second Neo4j that holds copies of some plans and nothing else: to hand out, and to throw away."""
