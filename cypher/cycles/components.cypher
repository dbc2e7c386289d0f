// answers: Finds the strongly connected components among the atoms that are set apart (step -1): atoms of one component get its number.
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: grows with dependencies times the logarithm of pivots, over what is set apart (divide and conquer from random pivots: what a pivot reaches both ways is its component, and no component crosses the border of what it reaches one way; in whatever order atoms stand, a cycle has a dependency that goes up in it and one that goes down, so atoms with one of the rarer sort are all the pivots there have to be)
// access: write
// audience: service
MATCH (atom:Atom {plan_id: $plan_id, step: -1})
SET atom.region = 0
WITH atom ORDER BY rand()
CALL (atom) {
  MATCH (atom)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)
  WHERE other.step = -1
  RETURN count(CASE WHEN id(other) > id(atom) THEN 1 END) > 0 AS up, count(CASE WHEN id(other) < id(atom) THEN 1 END) > 0 AS down
}
WITH collect(CASE WHEN up THEN atom END) AS ups, collect(CASE WHEN down THEN atom END) AS downs
WITH CASE WHEN size(ups) < size(downs) THEN ups ELSE downs END AS pivots
UNWIND range(1, size(pivots)) AS number
WITH number, pivots[number - 1] AS pivot
CALL (number, pivot) {
  WITH number, pivot
  WHERE pivot.component IS NULL
  WITH number, pivot, pivot.region AS region
  CALL (pivot, region) {
    MATCH path = (pivot)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*0..]->(reached)
    WHERE all(node IN nodes(path) WHERE node.region = region)
    RETURN collect(DISTINCT reached) AS forward
  }
  CALL (pivot, region) {
    MATCH path = (pivot)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*0..]-(reaching)
    WHERE all(node IN nodes(path) WHERE node.region = region)
    RETURN collect(DISTINCT reaching) AS backward
  }
  FOREACH (node IN forward | SET node.region = 2 * number)
  WITH number, pivot, backward
  CALL (number, backward) {
    UNWIND backward AS node
    WITH number, node, node.region = 2 * number AS both
    SET node.component = CASE WHEN both THEN number END,
        node.region = CASE WHEN both THEN null ELSE 2 * number + 1 END
    RETURN count(CASE WHEN both THEN 1 END) AS members
  }
  FOREACH (alone IN CASE members WHEN 1 THEN [pivot] ELSE [] END | SET alone.component = null)
}
