"""What a response costs, ours against its peers, side by side in one run. See README.md here."""
