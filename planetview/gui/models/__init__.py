"""Item models: what the tables, lists and grids of the window show."""
