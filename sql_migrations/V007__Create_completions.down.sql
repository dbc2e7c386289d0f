DROP TABLE recorded_answers;
DROP TABLE llm_reservations;
DROP TABLE llm_requests;
DROP TABLE llm_completions;
