// answers: The migrations that the database has, in order.
// returns: version, description, source, checksum
// cost: grows with the migrations
// access: read
// audience: service
MATCH path = (:__Neo4jMigration {version: 'BASELINE'})-[:MIGRATED_TO*]->(applied:__Neo4jMigration)
RETURN applied.version AS version, applied.description AS description, applied.source AS source,
       applied.checksum AS checksum
ORDER BY length(path)
