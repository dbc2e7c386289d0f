// answers: One atom, and the plan that it belongs to.
// param atom_id: string = "a1" — the atom
// param tenant_id: string = "default" — whose atom it must be
// returns: plan_id, atom — the properties of the atom
// cost: constant
// access: read
// audience: public
MATCH (atom:Atom {atom_id: $atom_id})
MATCH (plan:Plan {plan_id: atom.plan_id, tenant_id: $tenant_id})
RETURN plan.plan_id AS plan_id, properties(atom) AS atom
