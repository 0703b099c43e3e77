"""Small widgets that know nothing of studies."""
