"""Commits and files as trees and differences, read by git and never run."""
