// answers: Nothing; takes the next turn at writing each plan's mirror, so that whoever took an earlier one and comes late is refused.
// param rows: list = [{"plan_id": "9c1e…", "tenant_id": "default"}] — the plans that are about to be written
// returns: plan_id, turn
// cost: grows with the plans given
// access: write
// audience: service
UNWIND $rows AS row
MERGE (state:SyncState {plan_id: row.plan_id})
SET state.tenant_id = row.tenant_id
SET state.turn = coalesce(state.turn, 0) + 1
RETURN state.plan_id AS plan_id, state.turn AS turn
