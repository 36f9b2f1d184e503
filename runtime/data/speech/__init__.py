"""Speech data: HTK feature files listed in scripts, labels in master label files."""
