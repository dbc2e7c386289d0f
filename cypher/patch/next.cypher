// answers: Puts the atoms of files in order anew: NEXT from each atom to the one after it.
// param files: list<integer> = [7] — node ids of the files
// param rows: list = [[11, 12]] — node id of the atom, node id of the next atom
// returns: nothing
// cost: grows with the atoms of the files
// access: write
// audience: service
CALL () {
  UNWIND $files AS id
  MATCH (file) WHERE id(file) = id
  MATCH (file)-[:CONTAINS]->(:Atom)-[next:NEXT]->()
  DELETE next
}
CALL () {
  UNWIND $rows AS row
  MATCH (atom) WHERE id(atom) = row[0]
  MATCH (next) WHERE id(next) = row[1]
  CREATE (atom)-[:NEXT]->(next)
}
