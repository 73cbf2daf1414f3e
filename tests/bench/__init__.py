"""Measurements against the budgets of the design: ratios in one run, no time limits."""
