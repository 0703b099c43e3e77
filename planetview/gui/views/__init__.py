"""The pages of the window and the parts around them."""
