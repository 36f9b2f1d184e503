"""What a node does in training and what it does elsewhere."""
