"""What properties, options and association labels are called: plain text files, one a language."""
