"""What the rules know of other people's libraries, as data that a person can read and extend."""
