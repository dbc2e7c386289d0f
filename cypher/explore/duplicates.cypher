// answers: Atoms with the same text in several places, the most lines saved by one definition first.
// param plan_id: string = "shop" — the plan
// param lines: integer = 3 — code lines that an atom has at least
// param limit: integer = 20 — rows at most
// returns: content_hash, copies, loc, places — list of path:line
// cost: grows with the plan's atoms
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
WHERE atom.loc >= $lines
WITH atom.content_hash AS content_hash, atom.loc AS loc, collect(atom) AS atoms
WHERE size(atoms) > 1
WITH content_hash, size(atoms) AS copies, loc, atoms
ORDER BY (copies - 1) * loc DESC, content_hash LIMIT $limit
UNWIND atoms AS atom
WITH content_hash, copies, loc, atom ORDER BY atom.path, atom.start_line
WITH content_hash, copies, loc, collect(atom.path + ':' + toString(atom.start_line)) AS places
RETURN content_hash, copies, loc, places
ORDER BY (copies - 1) * loc DESC, content_hash
