"""NDL, the network description language before BrainScript: text to a list of nodes."""
