// answers: Stages which symbol is a member of which.
// param build_id: string = "b1" — the build
// param batch: integer = 6 — higher than every batch before
// param rows: list = [[31, 30]] — node id of the member, node id of the enclosing symbol
// returns: written — relationships written; 0 where the batch was already taken or the build is gone
// cost: grows with the rows
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH build
UNWIND $rows AS row
MATCH (member) WHERE id(member) = row[0]
MATCH (whole) WHERE id(whole) = row[1]
CREATE (member)-[:MEMBER_OF]->(whole)
RETURN count(*) AS written
