// answers: Files that depend on less stable ones, the widest gap first. Instability is the share of a file's neighbours that it needs (Martin): 0 where only others need it, 1 where it only needs others.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: path, instability, needs — a path, its_instability, dependencies
// cost: grows with the plan's dependencies
// access: read
// audience: public
MATCH (file:File {plan_id: $plan_id})
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  OPTIONAL MATCH (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
  WHERE other.path <> file.path
  RETURN count(DISTINCT other.path) AS needs
}
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)
  OPTIONAL MATCH (atom)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
  WHERE other.path <> file.path
  RETURN count(DISTINCT other.path) AS needed
}
WITH file, CASE WHEN needs + needed > 0 THEN toFloat(needs) / (needs + needed) ELSE 0.0 END AS instability
CALL (file) {
  MATCH (file)-[:CONTAINS]->(atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)<-[:CONTAINS]-(needed)
  WHERE needed <> file
  RETURN needed, count(*) AS dependencies
}
WITH needed, collect({path: file.path, instability: instability, dependencies: dependencies}) AS users
CALL (needed) {
  MATCH (needed)-[:CONTAINS]->(atom)
  OPTIONAL MATCH (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
  WHERE other.path <> needed.path
  RETURN count(DISTINCT other.path) AS needs
}
CALL (needed) {
  MATCH (needed)-[:CONTAINS]->(atom)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)
  WHERE other.path <> needed.path
  RETURN count(DISTINCT other.path) AS needed_by
}
WITH needed, users, toFloat(needs) / (needs + needed_by) AS its_instability
UNWIND users AS user
WITH needed, user, its_instability
WHERE its_instability > user.instability
RETURN user.path AS path, user.instability AS instability, needed.path AS needs, its_instability,
       user.dependencies AS dependencies
ORDER BY its_instability - instability DESC, path, needs
LIMIT $limit
