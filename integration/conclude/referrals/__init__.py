"""Stage two, first half: whom records report as their referrers, and what answers say."""
