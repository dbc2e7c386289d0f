// answers: Deletes atoms that are gone; those on which something still depends stay, and are told.
// param ids: list<integer> = [11] — node ids of the atoms
// returns: needed — node ids of atoms that were not deleted
// cost: grows with the atoms and their relationships
// access: write
// audience: service
UNWIND $ids AS id
MATCH (atom) WHERE id(atom) = id
WITH atom, EXISTS { (atom)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-() } AS needed
CALL (atom, needed) {
  WITH atom WHERE NOT needed
  DETACH DELETE atom
}
RETURN [each IN collect(CASE WHEN needed THEN id(atom) END) WHERE each IS NOT NULL] AS needed
