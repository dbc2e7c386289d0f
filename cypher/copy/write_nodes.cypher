// answers: Writes a batch of nodes of a copy.
// param rows: list = [[["Wave"], {"plan_id": "shop", "number": 1}]] — labels and properties of each
// returns: ids — the nodes' ids, in the order of the rows
// cost: grows with the rows
// access: write
// audience: service
UNWIND range(0, size($rows) - 1) AS at
CREATE (node:$($rows[at][0]))
SET node = $rows[at][1]
WITH at, elementId(node) AS id ORDER BY at
RETURN collect(id) AS ids
