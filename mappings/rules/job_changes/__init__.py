"""Who left which company for which: signals, employments, job changes, champions, successors."""
