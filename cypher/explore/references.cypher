// answers: What became of a plan's references: how many lead to a definition in it, out of it, to a builtin, or nowhere.
// param plan_id: string = "shop" — the plan
// returns: resolved, external, builtin, unresolved
// cost: grows with the plan's files
// access: read
// audience: public
MATCH (file:File {plan_id: $plan_id})
RETURN sum(file.references_resolved) AS resolved,
       sum(file.references_external) AS external,
       sum(file.references_builtin) AS builtin,
       sum(reduce(total = 0, count IN coalesce(file.unresolved_counts, []) | total + count)) AS unresolved
