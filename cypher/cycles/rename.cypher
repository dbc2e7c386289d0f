// answers: Names cycles anew whose atoms got other ids: after the first of these.
// param cycle_ids: list<string> = ["cycle-a1"] — the cycles
// returns: nothing
// cost: grows with the atoms of the cycles
// access: write
// audience: service
UNWIND $cycle_ids AS cycle_id
MATCH (cycle:Cycle {cycle_id: cycle_id})<-[:IN_CYCLE]-(atom)
WITH cycle, 'cycle-' + min(atom.atom_id) AS name
WHERE cycle.cycle_id <> name
SET cycle.cycle_id = name
WITH cycle
MATCH (cycle)<-[:IN_CYCLE]-(atom)
SET atom.cycle_id = cycle.cycle_id
