"""Lists of deals, people, companies and job changes: kept columns, and pages of them by key."""
