// answers: Stages which atoms refer to what lies outside the plan.
// param build_id: string = "b1" — the build
// param batch: integer = 8 — higher than every batch before
// param rows: list = [[11, 40, ["get"], ["3:5"]]] — node id of the atom, node id of the external, names taken from it, evidence
// returns: written — relationships written; 0 where the batch was already taken or the build is gone
// cost: grows with the rows
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH build
UNWIND $rows AS row
MATCH (atom) WHERE id(atom) = row[0]
MATCH (external) WHERE id(external) = row[1]
CREATE (atom)-[:REFERS_TO {symbols: row[2], evidence: row[3]}]->(external)
RETURN count(*) AS written
