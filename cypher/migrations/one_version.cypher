// answers: Allows one record a migration, as neo4j-migrations does.
// returns: nothing
// cost: constant
// access: write
// audience: service
CREATE CONSTRAINT unique_version___Neo4jMigration IF NOT EXISTS
FOR (migration:__Neo4jMigration) REQUIRE (migration.version, migration.migrationTarget) IS UNIQUE
