// answers: The node ids of a batch whose commit succeeded but whose answer was lost.
// param build_id: string = "b1" — the build
// param label: string = "StagedAtom" — StagedFile, StagedAtom, StagedSymbol or StagedExternal
// param keys: list<string> = ["a1"] — path of a file, atom_id, qualified_name of a symbol, or ecosystem:name
// returns: key, id
// cost: grows with the nodes that are staged
// access: read
// audience: service
MATCH (n:StagedFile|StagedAtom|StagedSymbol|StagedExternal {build_id: $build_id})
WHERE $label IN labels(n)
WITH n, coalesce(n.atom_id, n.qualified_name, n.path, n.ecosystem + ':' + n.name) AS key
WHERE key IN $keys
RETURN key, id(n) AS id
