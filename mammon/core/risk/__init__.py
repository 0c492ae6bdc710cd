"""Risk: a venue's standing from documented facts and live signs, and what that standing allows."""
