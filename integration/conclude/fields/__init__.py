"""Stage three: what the fields of companies and contacts should say."""
