"""mappings.rules.referrals."""
