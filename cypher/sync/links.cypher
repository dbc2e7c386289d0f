// answers: The relationships of the mirror that begin or end at some nodes.
// param elements: list<string> = ["4:0a1b:17"] — elementId of each node
// returns: links — of each [the elementId of that part whose row should say so, or null where it is no part any more, elementId, type, elementId of the start, elementId of the end, whether it has no properties]; in one row, which drivers read twice as fast
// cost: grows with the nodes given and their relationships
// access: read
// audience: service
UNWIND $elements AS given
MATCH (n) WHERE elementId(n) = given
MATCH (n)-[link:HAS_PHASE|HAS_MILESTONE|HAS_TASK|HAS_SUBTASK|DEPENDS_ON]-()
WITH DISTINCT link, startNode(link) AS source, endNode(link) AS target
WITH link, source, target, CASE type(link) WHEN 'DEPENDS_ON' THEN source ELSE target END AS owner
RETURN collect([CASE WHEN owner:Plan|Phase|Milestone|Task|Subtask THEN elementId(owner) END, elementId(link), type(link),
                elementId(source), elementId(target), size(keys(link)) = 0]) AS links
