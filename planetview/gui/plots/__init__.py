"""Plots: one look, one way of export, keys for everything."""
