"""What staff are told: an inbox for each unit and role, and by the ways each person chose."""
