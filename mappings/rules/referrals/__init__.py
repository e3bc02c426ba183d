"""Who recommended us to whom, by label, code, field, answer, mail or note."""
