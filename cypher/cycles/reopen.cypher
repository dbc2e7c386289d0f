// answers: Forgets some cycles of a plan, undoes their cuts, and sets their atoms and some others apart (step -1) for cycles/components.
// param cycle_ids: list<string> = ["cycle-a1"] — the cycles
// param ids: list<integer> = [11] — node ids of other atoms that may be in a cycle now
// returns: ids — node ids of all atoms that are set apart
// cost: grows with the atoms and the dependencies of those in the cycles
// access: write
// audience: service
CALL () {
  UNWIND $cycle_ids AS cycle_id
  MATCH (cycle:Cycle {cycle_id: cycle_id})<-[:IN_CYCLE]-(atom)
  RETURN collect(atom) AS members
}
CALL (members) {
  UNWIND members AS atom
  MATCH (atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->()
  WHERE need.cut
  SET need.cut = false
  REMOVE need.cut_reason
}
CALL () {
  UNWIND $cycle_ids AS cycle_id
  MATCH (cycle:Cycle {cycle_id: cycle_id})
  DETACH DELETE cycle
}
CALL () {
  UNWIND $ids AS id
  MATCH (atom) WHERE id(atom) = id
  RETURN collect(atom) AS others
}
UNWIND members + others AS atom
WITH DISTINCT atom
SET atom.step = -1
REMOVE atom.cycle_id
RETURN collect(id(atom)) AS ids
