"""From a network at level 2 back to BrainScript text that builds an equal one."""
