// answers: Nothing; takes away nodes and relationships that the mirror should not have, and labels of the nodes that it should.
// param links: list<string> = ["5:0a1b:3"] — elementId of each relationship; an end of it that has lost its labels goes too
// param nodes: list<string> = ["4:0a1b:17"] — elementId of each node
// param labels: list = [{"element": "4:0a1b:18", "labels": ["Draft"]}] — nodes, and their labels to take away
// returns: nothing
// cost: grows with what is given
// access: write
// audience: service
CALL () {
  UNWIND $links AS given
  MATCH (source)-[link]->(target) WHERE elementId(link) = given
  WITH link, [end IN [source, target] WHERE size(labels(end)) = 0] AS ghosts
  DELETE link
  WITH ghosts
  UNWIND ghosts AS ghost
  DETACH DELETE ghost
}
CALL () {
  UNWIND $nodes AS given
  MATCH (n) WHERE elementId(n) = given
  DETACH DELETE n
}
CALL () {
  UNWIND $labels AS row
  MATCH (n) WHERE elementId(n) = row.element
  REMOVE n:$(row.labels)
}
