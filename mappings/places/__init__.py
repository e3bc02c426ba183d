"""What people call countries and cities, as data: see README.txt."""
