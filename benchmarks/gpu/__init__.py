"""What a GPU shows: tests, speeds, and the long runs of the studies, in one call."""
