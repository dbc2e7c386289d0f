// answers: Writes files of a plan, new ones too.
// param plan_id: string = "shop" — the plan
// param rows: list = [["a.py", "python", "9f86d0", "utf-8", "lf", 12, 1, 1, "ok", ""]] — path, language, sha256, encoding, newline, bytes, loc, atoms, parse_status, reason
// returns: ids — the nodes' ids, in the order of the rows
// cost: grows with the rows
// access: write
// audience: service
MATCH (plan:Plan {plan_id: $plan_id})
UNWIND $rows AS row
MERGE (file:File {plan_id: $plan_id, path: row[0]})
MERGE (plan)-[:HAS_FILE]->(file)
SET file.language = row[1], file.sha256 = row[2], file.encoding = row[3], file.newline = row[4], file.bytes = row[5],
    file.loc = row[6], file.atoms = row[7], file.parse_status = row[8], file.reason = row[9]
RETURN collect(id(file)) AS ids
