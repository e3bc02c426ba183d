"""Lists of deals, people, companies and job changes: what each shows, and how it is asked for."""
