// answers: Stages the order of atoms in their files: NEXT from each atom to the one after it.
// param build_id: string = "b1" — the build
// param batch: integer = 3 — higher than every batch before
// param rows: list = [[11, 12]] — node id of the atom, node id of the next atom
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
MATCH (next) WHERE id(next) = row[1]
CREATE (atom)-[:NEXT]->(next)
RETURN count(*) AS written
