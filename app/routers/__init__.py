"""The ways in: one module for each thing that the outside asks for."""
