"""The only place that knows SQL; one folder for each kind of row."""
