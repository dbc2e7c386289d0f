// answers: How much a change of some atoms can touch, by distance.
// param plan_id: string = "shop" — the plan
// param atom_ids: list<string> = ["a1"] — the atoms that change
// param types: list<string> = ["IMPORT_DEP", "TYPE_DEP", "CONTROL_DEP", "DATA_DEP"] — types of dependency to follow
// param tests: pattern = "(.*/)?(tests?|__tests__|specs?)/.*|(.*/)?(test_[^/]*|conftest|[^/]*[._](test|spec))[.][a-z]+" — regular expression that the paths of tests match
// returns: distance, atoms, files, in_tests — of the atoms
// cost: grows with the changed atoms times what needs them
// access: read
// audience: public
MATCH (changed:Atom {plan_id: $plan_id})
WHERE changed.atom_id IN $atom_ids
CALL (changed) {
  MATCH way = (changed)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*1..]-(touched)
  WHERE all(need IN relationships(way) WHERE type(need) IN $types)
  WITH touched, min(length(way)) AS distance
  RETURN touched, distance
}
WITH touched, min(distance) AS distance
WHERE NOT touched.atom_id IN $atom_ids
RETURN distance, count(touched) AS atoms, count(DISTINCT touched.path) AS files,
       count(CASE WHEN touched.path =~ $tests THEN 1 END) AS in_tests
ORDER BY distance
