// answers: Waits until every index is filled and may be used.
// param seconds: integer = 300 — how long to wait at most
// returns: nothing
// cost: grows with the nodes that a new index covers
// access: read
// audience: service
CALL db.awaitIndexes($seconds)
