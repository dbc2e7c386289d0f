// answers: Puts atoms into the Waves of their numbers and counts those anew; empty Waves go.
// param plan_id: string = "shop" — the plan
// param ids: list<integer> = [11] — node ids of the atoms whose wave is another now
// returns: nothing
// cost: grows with the atoms and the plan's waves
// access: write
// audience: service
CALL () {
  UNWIND $ids AS id
  MATCH (atom) WHERE id(atom) = id
  OPTIONAL MATCH (atom)-[before:IN_WAVE]->()
  DELETE before
  WITH DISTINCT atom
  MERGE (wave:Wave {plan_id: $plan_id, number: atom.wave})
  ON CREATE SET wave.completed_atoms = 0, wave.failed_atoms = 0, wave.status = 'pending'
  CREATE (atom)-[:IN_WAVE]->(wave)
}
MATCH (wave:Wave {plan_id: $plan_id}) WHERE wave.number IS NOT NULL
SET wave.total_atoms = COUNT { (wave)<-[:IN_WAVE]-() }
WITH wave WHERE wave.total_atoms = 0
DETACH DELETE wave
