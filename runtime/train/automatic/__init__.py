"""Learning rates and minibatch sizes that the run finds by itself."""
