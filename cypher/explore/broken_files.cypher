// answers: Files that did not parse whole, and why.
// param plan_id: string = "shop" — the plan
// param limit: integer = 20 — rows at most
// returns: path, parse_status, reason, language, bytes
// cost: grows with the plan's files
// access: read
// audience: public
MATCH (file:File {plan_id: $plan_id})
WHERE file.parse_status <> 'ok'
RETURN file.path AS path, file.parse_status AS parse_status, file.reason AS reason, file.language AS language,
       file.bytes AS bytes
ORDER BY bytes DESC, path
LIMIT $limit
