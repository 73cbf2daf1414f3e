"""What a repository, its organisation and the operator may choose, and how it is read."""
