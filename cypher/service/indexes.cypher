// answers: Which constraints and indexes the database has.
// returns: name, type, labels, properties, unique — whether it belongs to a uniqueness constraint
// cost: constant
// access: read
// audience: service
SHOW INDEXES YIELD name, type, labelsOrTypes, properties, owningConstraint
WHERE type <> 'LOOKUP'
RETURN name, type, labelsOrTypes AS labels, properties, owningConstraint IS NOT NULL AS unique
ORDER BY labels[0], name
