// answers: Makes a Wave of every wave number of a plan's atoms.
// param plan_id: string = "shop" — the plan, its waves assigned
// returns: waves — how many there are
// cost: grows with the plan's atoms
// access: write
// audience: service
MATCH (atom:Atom {plan_id: $plan_id})
WHERE atom.wave IS NOT NULL
WITH atom.wave AS number, collect(atom) AS atoms
CREATE (wave:Wave {
  plan_id: $plan_id, number: number, total_atoms: size(atoms), completed_atoms: 0, failed_atoms: 0, status: 'pending'
})
WITH wave, atoms
CALL (wave, atoms) {
  UNWIND atoms AS atom
  CREATE (atom)-[:IN_WAVE]->(wave)
}
RETURN count(wave) AS waves
