// answers: How many of the turns are still held; moves the watermark of those plans, first step of writing and in its transaction.
// param rows: list = [{"plan_id": "9c1e…", "turn": 7, "outbox_id": 120}] — each plan with the turn that was taken and the newest outbox row that is applied
// returns: held
// cost: grows with the plans given
// access: write
// audience: service
UNWIND $rows AS row
MATCH (state:SyncState {plan_id: row.plan_id})
SET state.seen_at = datetime()
WITH state, row
WHERE state.turn = row.turn
SET state.outbox_id = CASE WHEN row.outbox_id > coalesce(state.outbox_id, 0) THEN row.outbox_id ELSE state.outbox_id END
RETURN count(state) AS held
