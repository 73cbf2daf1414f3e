"""How GitHub writes its records as JSON; held against githubkit's models by the tests."""
