"""The only room that knows SQL; one folder for each kind of row."""
