"""Deliveries taken, and what each event and each command makes us do."""
