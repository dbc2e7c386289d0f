// answers: Packages and standard-library modules by how many atoms use them.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: ecosystem, package, atoms, files, names — some of the names taken
// cost: grows with the plan's references out of it
// access: read
// audience: public
MATCH (external:External {plan_id: $plan_id})<-[reference:REFERS_TO]-(atom)
WITH external, count(DISTINCT atom) AS atoms, count(DISTINCT atom.path) AS files, collect(reference.symbols) AS all_names
ORDER BY atoms DESC, external.ecosystem, external.name LIMIT $limit
RETURN external.ecosystem AS ecosystem, external.name AS package, atoms, files,
       COLLECT { UNWIND all_names AS names UNWIND names AS name WITH name, count(*) AS uses ORDER BY uses DESC, name LIMIT 5 RETURN name } AS names
ORDER BY atoms DESC, ecosystem, package
