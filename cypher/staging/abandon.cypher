// answers: Gives up every build that no importer has written to within the lease, by the database's clock.
// param lease_seconds: integer = 600 — how long an importer may be silent
// returns: discarded — how many builds were given up
// cost: grows with the builds under way
// access: write
// audience: service
MATCH (build:StagedBuild)
WHERE build.seen_at < datetime() - duration({seconds: $lease_seconds})
DELETE build
RETURN count(*) AS discarded
