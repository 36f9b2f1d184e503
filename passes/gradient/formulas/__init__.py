"""Formulas of criteria that their values and their gradients share."""
