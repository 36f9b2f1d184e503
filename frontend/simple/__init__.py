"""`SimpleNetworkBuilder`: networks described by the sizes of their layers, as a list of nodes."""
