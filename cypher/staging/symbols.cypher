// answers: Stages a batch of symbols and which atoms define them, once however often it is sent.
// param build_id: string = "b1" — the build
// param plan_id: string = "shop" — its plan
// param batch: integer = 5 — higher than every batch before
// param rows: list = [["m.f", "f", "function", true, "a.py", [11]]] — qualified_name, name, kind, exported, path, node ids of the atoms
// returns: ids — the nodes' ids, in the order of the rows; empty where the batch was already taken or the build is gone
// cost: grows with the rows and the atoms in them
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH build
UNWIND $rows AS row
CREATE (symbol:StagedSymbol {
  build_id: $build_id, plan_id: $plan_id,
  qualified_name: row[0], name: row[1], kind: row[2], exported: row[3], path: row[4]
})
WITH row, symbol
CALL (row, symbol) {
  UNWIND row[5] AS defined_by
  MATCH (atom) WHERE id(atom) = defined_by
  CREATE (atom)-[:DEFINES]->(symbol)
}
RETURN collect(id(symbol)) AS ids
