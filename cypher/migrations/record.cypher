// answers: Records that a migration ran, at the end of the chain; no row where somebody else has the lock.
// param owner: string = "0d3c" — who has the lock
// param previous: string = "BASELINE" — version before it
// param version: string = "001" — its version
// param description: string = "Create constraints" — its name
// param source: string = "V001__Create_constraints.cypher" — its file
// param checksum: string = "2654435761" — CRC-32 of its statements
// param milliseconds: integer = 120 — how long it took
// returns: version
// cost: constant
// access: write
// audience: service
MATCH (lock:__Neo4jMigrationsLock {id: $owner})
SET lock.renewed_at = datetime()
MERGE (previous:__Neo4jMigration {version: $previous})
CREATE (previous)-[:MIGRATED_TO {
  at: datetime({timezone: 'UTC'}), in: duration({milliseconds: $milliseconds}), by: 'mge', connectedAs: 'mge'
}]->(applied:__Neo4jMigration {
  version: $version, description: $description, type: 'CYPHER', source: $source, checksum: $checksum
})
RETURN applied.version AS version
