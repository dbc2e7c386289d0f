// answers: Allows one migration lock a database, as neo4j-migrations does.
// returns: nothing
// cost: constant
// access: write
// audience: service
CREATE CONSTRAINT __Neo4jMigrationsLock__has_unique_name IF NOT EXISTS
FOR (lock:__Neo4jMigrationsLock) REQUIRE lock.name IS UNIQUE
