// answers: Gives some atoms the wave that what they need asks for; what depends on those that changed has to be asked next.
// param ids: list<integer> = [11] — node ids of the atoms
// returns: changed — node ids of the atoms whose wave is another now, next — node ids of the atoms that depend on them
// cost: grows with the atoms and their dependencies both ways
// access: write
// audience: service
UNWIND $ids AS id
MATCH (atom) WHERE id(atom) = id
CALL (atom) {
  OPTIONAL MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(needed)
  WHERE NOT need.cut
  RETURN 1 + coalesce(max(needed.wave), 0) AS wave
}
WITH atom, wave
WHERE atom.wave IS NULL OR atom.wave <> wave
SET atom.wave = wave
WITH collect(atom) AS atoms
CALL (atoms) {
  UNWIND atoms AS atom
  MATCH (atom)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(next)
  WHERE NOT need.cut
  RETURN collect(DISTINCT id(next)) AS next
}
RETURN [atom IN atoms | id(atom)] AS changed, next
