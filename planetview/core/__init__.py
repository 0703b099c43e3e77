"""What a study is. Imports neither torch nor Qt, and loads in milliseconds."""
