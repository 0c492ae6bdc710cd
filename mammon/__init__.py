"""mammon: keep idle stablecoins where they earn most after every cost and risk."""

__version__ = "0.1.0"
