"""Network files of CNTK version 1."""
