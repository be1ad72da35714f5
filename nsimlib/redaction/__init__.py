"""A cluster that may be shown to others: pseudonyms for what is somebody's, the same verdicts."""
