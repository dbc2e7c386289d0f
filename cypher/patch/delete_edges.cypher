// answers: Deletes dependencies.
// param ids: list<integer> = [5] — node ids of the relationships
// param sources: list<integer> = [11] — node ids of the atoms that they come from, in the same order
// returns: nothing
// cost: grows with the dependencies of the atoms
// access: write
// audience: service
UNWIND range(0, size($ids) - 1) AS at
MATCH (source)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->()
WHERE id(source) = $sources[at] AND id(need) = $ids[at]
DELETE need
