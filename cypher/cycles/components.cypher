// answers: Finds the strongly connected components among the atoms that are set apart (step -1): atoms of one component get its number, atoms in none are set aside (step 0).
// param plan_id: string = "shop" — the plan
// returns: nothing
// cost: grows with dependencies times the logarithm of atoms, over what is set apart (divide and conquer from random pivots: what a pivot reaches both ways is its component, and no component crosses the border of what it reaches one way)
// access: write
MATCH (atom:Atom {plan_id: $plan_id, step: -1})
SET atom.region = 0
WITH atom ORDER BY rand()
WITH collect(atom) AS atoms
UNWIND range(1, size(atoms)) AS number
WITH number, atoms[number - 1] AS pivot
CALL (number, pivot) {
  WITH number, pivot
  WHERE pivot.step = -1 AND pivot.component IS NULL
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
  FOREACH (alone IN CASE members WHEN 1 THEN [pivot] ELSE [] END | SET alone.component = null, alone.step = 0)
}
