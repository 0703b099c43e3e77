"""Image generators that PlanetView can open: read without running code that a file brings along."""
