// answers: Makes the owner of a migration lock unique, as neo4j-migrations does.
// returns: nothing
// cost: constant
// access: write
// audience: service
CREATE CONSTRAINT __Neo4jMigrationsLock__has_unique_id IF NOT EXISTS
FOR (lock:__Neo4jMigrationsLock) REQUIRE lock.id IS UNIQUE
