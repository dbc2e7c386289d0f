// answers: The version of the database server.
// returns: version
// cost: constant
// access: read
// audience: service
CALL dbms.components() YIELD name, versions
WHERE name = 'Neo4j Kernel'
RETURN versions[0] AS version
