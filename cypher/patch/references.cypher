// answers: Writes what became of the references in some files.
// param plan_id: string = "shop" — the plan
// param rows: list = [["a.py", 120, 30, 25, ["receiver of unknown type"], [4]]] — path, references resolved, external, builtin, reasons why others are open, how many for each reason
// returns: nothing
// cost: grows with the rows
// access: write
// audience: service
UNWIND $rows AS row
MATCH (file:File {plan_id: $plan_id, path: row[0]})
SET file.references_resolved = row[1], file.references_external = row[2], file.references_builtin = row[3],
    file.unresolved_reasons = row[4], file.unresolved_counts = row[5]
