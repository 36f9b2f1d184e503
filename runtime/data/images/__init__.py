"""Images: map files, decoding, transforms, and minibatches of images made ahead of their use."""
