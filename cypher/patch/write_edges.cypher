// answers: Gives dependencies that stay other evidence.
// param rows: list = [[5, 11, ["call"], ["f"], ["3:5"], "scope", 1.0, false]] — node ids of the relationship and of the atom that needs, kinds, symbols, evidence, rule, confidence, type_only
// returns: nothing
// cost: grows with the dependencies of the atoms
// access: write
// audience: service
UNWIND $rows AS row
MATCH (source)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->()
WHERE id(source) = row[1] AND id(need) = row[0]
SET need.kinds = row[2], need.symbols = row[3], need.evidence = row[4], need.rule = row[5],
    need.confidence = row[6], need.type_only = row[7]
