"""Rules about queries, transactions and schemas."""
