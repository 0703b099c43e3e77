"""PlanetView: judge synthetic planetary imagery against real imagery."""

__version__ = "0.1.0"
