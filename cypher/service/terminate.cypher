// answers: Ends the transactions of a statement that an analyst sent.
// param statement_id: string = "q1" — what its transactions say of themselves
// returns: transaction_id, message
// cost: grows with the transactions under way
// access: write
// audience: service
SHOW TRANSACTIONS YIELD transactionId, metaData
WHERE metaData.mge_statement = $statement_id
TERMINATE TRANSACTIONS transactionId YIELD transactionId AS ended, message
RETURN ended AS transaction_id, message
