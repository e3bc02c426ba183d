"""Ask people: open review tasks, whether an answer makes sense, and what follows from it."""
