"""Compiled steps, data, training, models, actions."""
