"""Rules about calling other people's APIs."""
