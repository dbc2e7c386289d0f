// answers: Writes a batch of relationships of a copy.
// param rows: list = [["4:0:1", "4:0:2", "NEXT", {}]] — ids of the two nodes, type, properties
// returns: written — how many
// cost: grows with the rows
// access: write
// audience: service
UNWIND $rows AS row
MATCH (source) WHERE elementId(source) = row[0]
MATCH (target) WHERE elementId(target) = row[1]
CREATE (source)-[related:$(row[2])]->(target)
SET related = row[3]
RETURN count(related) AS written
