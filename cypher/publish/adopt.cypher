// answers: Gives a build's nodes the labels that readers match, within the caller's transaction.
// param build_id: string = "b1" — the build
// returns: nothing
// cost: grows with the build's nodes
// access: write
// audience: service
MATCH (build:StagedBuild {build_id: $build_id})
MATCH (plan:Plan {plan_id: build.plan_id})
CALL (plan) {
  MATCH (n:StagedFile {build_id: $build_id})
  SET n:File REMOVE n:StagedFile
  CREATE (plan)-[:HAS_FILE]->(n)
}
CALL () {
  MATCH (n:StagedAtom {build_id: $build_id})
  SET n:Atom REMOVE n:StagedAtom
}
CALL () {
  MATCH (n:StagedSymbol {build_id: $build_id})
  SET n:Symbol REMOVE n:StagedSymbol
}
CALL () {
  MATCH (n:StagedExternal {build_id: $build_id})
  SET n:External REMOVE n:StagedExternal
}
DELETE build
