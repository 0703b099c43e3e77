"""The window. Knows Qt and pyqtgraph, never torch and never the engine: it speaks to an `Engine` in messages."""
