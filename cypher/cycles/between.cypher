// answers: The atoms on the ways back from some atoms to others: what the first ones need, directly or not, that itself needs one of the second.
// param starts: list<integer> = [12] — node ids of atoms that are needed by a new dependency
// param ends: list<integer> = [11] — node ids of atoms that need them
// returns: ids — node ids of the atoms; empty where there is no way back
// cost: grows with what the first atoms need
// access: read
// audience: service
MATCH (start) WHERE id(start) IN $starts
MATCH (start)-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*0..]->(reached)
WITH collect(DISTINCT reached) AS reached
WITH reached, [each IN reached WHERE id(each) IN $ends] AS ends
UNWIND CASE size(ends) WHEN 0 THEN [] ELSE ends END AS end
MATCH (end)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP*0..]-(reaching)
WITH reached, collect(DISTINCT reaching) AS reaching
RETURN [each IN reaching WHERE each IN reached | id(each)] AS ids
