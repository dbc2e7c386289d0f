// answers: The node ids of a batch whose commit succeeded but whose answer was lost, in the order of their numbers.
// param build_id: string = "b1" — the build
// param label: string = "StagedAtom" — StagedFile, StagedAtom, StagedSymbol or StagedExternal
// param first: integer = 0 — first number
// param last: integer = 4999 — last number
// returns: ids — list of node ids
// cost: grows with the nodes that are staged
// access: read
MATCH (n:StagedFile|StagedAtom|StagedSymbol|StagedExternal {build_id: $build_id})
WHERE $label IN labels(n) AND $first <= n.number <= $last
WITH n ORDER BY n.number
RETURN collect(id(n)) AS ids
