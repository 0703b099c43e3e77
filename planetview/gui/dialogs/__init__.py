"""Windows over the window: details, help."""
