"""Learned distances between two images of equal size."""
