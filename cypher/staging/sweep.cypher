// answers: Deletes some of what no reader sees any more: retired nodes, and staged nodes whose build was given up.
// param limit: integer = 5000 — nodes to delete at most
// returns: deleted — nodes deleted; 0 when nothing is left
// cost: grows with the nodes deleted, their relationships, and the nodes staged by builds under way
// access: write
// audience: service
CALL () {
  MATCH (build:StagedBuild)
  RETURN collect(build.build_id) AS under_way
}
CALL (under_way) {
  MATCH (n:Retired)
  RETURN n LIMIT $limit
  UNION
  MATCH (n:StagedFile|StagedAtom|StagedSymbol|StagedExternal)
  WHERE NOT n.build_id IN under_way
  RETURN n LIMIT $limit
}
WITH n LIMIT $limit
DETACH DELETE n
RETURN count(*) AS deleted
