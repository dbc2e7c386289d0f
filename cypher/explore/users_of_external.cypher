// answers: Where a package or standard-library module is used.
// param plan_id: string = "shop" — the plan
// param package: string = "json" — the package
// param limit: integer = 20 — rows at most
// returns: atom_id, name, path, start_line, names — taken of the package, evidence — list of line:column
// cost: grows with the atoms that use it
// access: read
// audience: public
MATCH (external:External {plan_id: $plan_id})<-[reference:REFERS_TO]-(atom)
WHERE external.name = $package
RETURN atom.atom_id AS atom_id, atom.qualified_name AS name, atom.path AS path, atom.start_line AS start_line,
       reference.symbols AS names, reference.evidence AS evidence
ORDER BY path, start_line
LIMIT $limit
