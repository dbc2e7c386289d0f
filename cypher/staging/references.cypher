// answers: Stages what became of the references in each file.
// param build_id: string = "b1" — the build
// param batch: integer = 8 — higher than every batch before
// param rows: list = [[7, 120, 30, 25, ["receiver of unknown type"], [4]]] — node id of the file, references resolved, external, builtin, reasons why others are open, how many for each reason
// returns: written — files written; 0 where the batch was already taken or the build is gone
// cost: grows with the rows
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
WHERE build.batch < $batch
SET build.batch = $batch, build.seen_at = datetime()
WITH build
UNWIND $rows AS row
MATCH (file) WHERE id(file) = row[0]
SET file.references_resolved = row[1], file.references_external = row[2], file.references_builtin = row[3],
    file.unresolved_reasons = row[4], file.unresolved_counts = row[5]
RETURN count(*) AS written
