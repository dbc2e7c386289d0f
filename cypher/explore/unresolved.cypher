// answers: Why references of a plan lead nowhere, and in which files most of them are.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — files at most for each reason
// returns: reason, references — in the whole plan, files — list of the files with the most, each [path, references]
// cost: grows with the plan's files
// access: read
// audience: public
MATCH (file:File {plan_id: $plan_id})
UNWIND range(0, size(coalesce(file.unresolved_reasons, [])) - 1) AS at
WITH file.path AS path, file.unresolved_reasons[at] AS reason, file.unresolved_counts[at] AS references
ORDER BY references DESC, path
WITH reason, sum(references) AS references, collect([path, references]) AS files
RETURN reason, references, files[0..$limit] AS files
ORDER BY references DESC, reason
