"""What is done about an event: analyse, publish, record."""
