"""The referral program's rows: its settings, codes with visits, rewards, and who is held back."""
