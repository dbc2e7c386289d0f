// answers: Makes new dependencies of one type.
// param type: string = "CONTROL_DEP" — IMPORT_DEP, TYPE_DEP, CONTROL_DEP or DATA_DEP
// param weight: float = 0.85 — the type's weight
// param rows: list = [[11, 12, ["call"], ["f"], ["3:5"], "scope", 1.0, false]] — as in staging/dependencies
// returns: nothing
// cost: grows with the rows
// access: write
// audience: service
UNWIND $rows AS row
MATCH (source) WHERE id(source) = row[0]
MATCH (target) WHERE id(target) = row[1]
CREATE (source)-[:$($type) {
  kinds: row[2], symbols: row[3], evidence: row[4], rule: row[5], confidence: row[6], weight: $weight,
  type_only: row[7], cut: false
}]->(target)
