"""Rules about what an attacker can make the application do."""
