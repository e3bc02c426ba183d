"""Records as their pages show them: a person, a company, a deal, and who brought whom. Read only.

Each loads what a page shows with a bounded number of queries, however much there is; sums are those
of everything, also of what the page leaves to the next one.
"""
