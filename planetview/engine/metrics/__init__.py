"""Distribution and pixel metrics as pure functions: arrays in, numbers out, float64 where it matters, seeded."""
