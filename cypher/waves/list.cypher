// answers: The waves of a plan, in order.
// param plan_id: string = "shop" — the plan
// param after: integer = 0 — number of the last wave already seen
// param limit: integer = 100 — rows at most
// returns: number, total_atoms, completed_atoms, failed_atoms, status
// cost: grows with the rows
// access: read
// audience: public
MATCH (wave:Wave {plan_id: $plan_id})
WHERE wave.number > $after
RETURN wave.number AS number, wave.total_atoms AS total_atoms, wave.completed_atoms AS completed_atoms,
       wave.failed_atoms AS failed_atoms, wave.status AS status
ORDER BY number
LIMIT $limit
