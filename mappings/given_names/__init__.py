"""Given names and their short forms, as files; see README.txt."""
