// answers: Writes anew the symbols of some files; those that stay keep their nodes.
// param plan_id: string = "shop" — the plan
// param gone: list<string> = ["m.g"] — symbols that are gone
// param rows: list = [["m.f", "f", "function", true, "a.py", [11], "m"]] — qualified_name, name, kind, exported, path, node ids of the atoms, symbol that it is a member of or ""
// returns: nothing
// cost: grows with the symbols
// access: write
// audience: service
CALL () {
  UNWIND $gone AS name
  MATCH (symbol:Symbol {plan_id: $plan_id, qualified_name: name})
  DETACH DELETE symbol
}
CALL () {
  UNWIND $rows AS row
  MERGE (symbol:Symbol {plan_id: $plan_id, qualified_name: row[0]})
  SET symbol.name = row[1], symbol.kind = row[2], symbol.exported = row[3], symbol.path = row[4]
  WITH row, symbol
  CALL (symbol) {
    MATCH (symbol)<-[defines:DEFINES]-()
    DELETE defines
  }
  CALL (symbol) {
    MATCH (symbol)-[member:MEMBER_OF]->()
    DELETE member
  }
  CALL (row, symbol) {
    UNWIND row[5] AS defined_by
    MATCH (atom) WHERE id(atom) = defined_by
    CREATE (atom)-[:DEFINES]->(symbol)
  }
}
CALL () {
  UNWIND $rows AS row
  WITH row WHERE row[6] <> ''
  MATCH (symbol:Symbol {plan_id: $plan_id, qualified_name: row[0]})
  MATCH (whole:Symbol {plan_id: $plan_id, qualified_name: row[6]})
  CREATE (symbol)-[:MEMBER_OF]->(whole)
}
