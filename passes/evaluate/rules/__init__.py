"""What each operation of level 1 does when it is demanded; the passes choose among these rules."""
