// answers: Stages a batch of dependencies of one type, once however often it is sent.
// param build_id: string = "b1" — the build
// param batch: integer = 4 — higher than every batch before
// param type: string = "CONTROL_DEP" — IMPORT_DEP, TYPE_DEP, CONTROL_DEP or DATA_DEP
// param weight: float = 0.85 — the type's weight
// param rows: list = [[11, 12, ["call"], ["f"], ["3:5"], "scope", 1.0, false]] — node ids of the atom that needs and the one needed, kinds, symbols, evidence, rule, confidence, type_only
// returns: written — relationships written; 0 where the batch was already taken or the build is gone
// cost: grows with the rows
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH build
UNWIND $rows AS row
MATCH (source) WHERE id(source) = row[0]
MATCH (target) WHERE id(target) = row[1]
CREATE (source)-[:$($type) {
  kinds: row[2], symbols: row[3], evidence: row[4], rule: row[5], confidence: row[6], weight: $weight,
  type_only: row[7], cut: false
}]->(target)
RETURN count(*) AS written
