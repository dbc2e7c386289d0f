// answers: Takes the migration lock if it is free or its lease ran out, and says who has it. Its name is the one that neo4j-migrations gives the lock of the default database.
// param owner: string = "0d3c" — who asks
// param lease_seconds: integer = 300 — how long a lock holds that is not renewed
// returns: owner — who has the lock now
// cost: constant
// access: write
// audience: service
MERGE (lock:__Neo4jMigrationsLock {name: 'John Doe'})
  ON CREATE SET lock.id = $owner, lock.renewed_at = datetime()
SET lock.asked_at = datetime()
WITH lock, lock.renewed_at < datetime() - duration({seconds: $lease_seconds}) AS stale
SET lock.id = CASE WHEN stale THEN $owner ELSE lock.id END,
    lock.renewed_at = CASE WHEN stale THEN datetime() ELSE lock.renewed_at END
RETURN lock.id AS owner
