"""How people say where they heard of us: plain text files, one a language."""
