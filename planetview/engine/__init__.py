"""The numbers: networks, metrics, neighbours, and the store that keeps them. May use torch, knows no Qt."""

import os

# Torch's threads spin while they wait for each other. Beside other busy processes that costs up to nine tenths of
# the speed (2 instead of 19 images/s on two cores); sleeping instead costs nothing measurable on an idle machine.
# Read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Libraries that could fetch weights must never do so on their own; PlanetView fetches, and only when asked.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
