"""The epoch loop and all it is made of."""
