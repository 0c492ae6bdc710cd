"""What does not come from the chain: outside sources, asked beside it and never in its place."""
