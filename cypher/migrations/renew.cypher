// answers: Renews the lease of the migration lock; no row where somebody else has it.
// param owner: string = "0d3c" — who has the lock
// returns: owner
// cost: constant
// access: write
// audience: service
MATCH (lock:__Neo4jMigrationsLock {id: $owner})
SET lock.renewed_at = datetime()
RETURN lock.id AS owner
