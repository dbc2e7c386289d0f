// answers: Stages a batch of files, once however often it is sent.
// param build_id: string = "b1" — the build
// param plan_id: string = "shop" — its plan
// param batch: integer = 1 — higher than every batch before
// param rows: list = [["a.py", "python", "9f86d0", "utf-8", "lf", 12, 1, 1, "ok", ""]] — path, language, sha256, encoding, newline, bytes, loc, atoms, parse_status, reason
// returns: ids — the nodes' ids, in the order of the rows; empty where the batch was already taken or the build is gone
// cost: grows with the rows
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH build
UNWIND $rows AS row
CREATE (file:StagedFile {
  build_id: $build_id, plan_id: $plan_id, path: row[0], language: row[1],
  sha256: row[2], encoding: row[3], newline: row[4], bytes: row[5], loc: row[6], atoms: row[7],
  parse_status: row[8], reason: row[9]
})
RETURN collect(id(file)) AS ids
