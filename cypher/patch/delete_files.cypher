// answers: Deletes files whose atoms are gone.
// param plan_id: string = "shop" — the plan
// param paths: list<string> = ["a.py"] — the files
// returns: nothing
// cost: grows with the files
// access: write
// audience: service
UNWIND $paths AS path
MATCH (file:File {plan_id: $plan_id, path: path})
DETACH DELETE file
