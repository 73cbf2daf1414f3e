"""What is wrong with a change to a Python backend. Pure: nothing here reads a file or a network."""
