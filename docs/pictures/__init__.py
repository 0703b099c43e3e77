"""How the pictures of the documentation are taken, one module for each part of the window."""
