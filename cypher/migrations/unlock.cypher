// answers: Gives the migration lock back.
// param owner: string = "0d3c" — who has the lock
// returns: nothing
// cost: constant
// access: write
// audience: service
MATCH (lock:__Neo4jMigrationsLock {id: $owner})
DELETE lock
