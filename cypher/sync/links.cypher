// answers: The relationships of the mirror that begin or end at some nodes.
// param elements: list<string> = ["4:0a1b:17"] — elementId of each node
// returns: element — elementId, type, source, target — elementId of its ends, plain — whether it has no properties, own — false where the row that should say so is one of another plan
// cost: grows with the nodes given and their relationships
// access: read
// audience: service
UNWIND $elements AS given
MATCH (n) WHERE elementId(n) = given
MATCH (n)-[link:HAS_PHASE|HAS_MILESTONE|HAS_TASK|HAS_SUBTASK|DEPENDS_ON]-()
WITH DISTINCT link, CASE type(link) WHEN 'DEPENDS_ON' THEN startNode(link) ELSE endNode(link) END AS owner
RETURN elementId(link) AS element, type(link) AS type, elementId(startNode(link)) AS source,
       elementId(endNode(link)) AS target, size(keys(link)) = 0 AS plain,
       elementId(owner) IN $elements OR NOT owner:Plan|Phase|Milestone|Task|Subtask AS own
