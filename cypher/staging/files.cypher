// answers: Stages a batch of files, once however often it is sent.
// param build_id: string = "b1" — the build
// param plan_id: string = "shop" — its plan
// param batch: integer = 1 — higher than every batch before
// param rows: list = [[0, "a.py", "python", "9f86d0", "utf-8", "lf", 12, 1, 1, "ok", ""]] — number, path, language, sha256, encoding, newline, bytes, loc, atoms, parse_status, reason
// returns: ids — the nodes' ids, in the order of the rows; empty where the batch was already taken or the build is gone
// cost: grows with the rows
// access: write
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH build
UNWIND $rows AS row
CREATE (file:StagedFile {
  build_id: $build_id, plan_id: $plan_id, number: row[0],
  path: row[1], language: row[2], sha256: row[3], encoding: row[4], newline: row[5], bytes: row[6], loc: row[7],
  atoms: row[8], parse_status: row[9], reason: row[10]
})
RETURN collect(id(file)) AS ids
