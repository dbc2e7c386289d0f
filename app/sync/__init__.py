"""The mirror of plans in Neo4j: Postgres has the truth, the graph follows it, and anybody can have that checked."""
