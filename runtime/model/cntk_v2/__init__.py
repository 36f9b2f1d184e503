"""Model files of the CNTK 2 library."""
