"""Kept lists of hosts where anybody can have a mail address; see README.txt."""
