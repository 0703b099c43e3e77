"""What computes: weights, networks, features, neighbours, metrics. May use torch, never Qt."""
