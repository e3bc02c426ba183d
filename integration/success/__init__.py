"""Success: surveys, follow-ups and the pulse, as people and pages use them."""
