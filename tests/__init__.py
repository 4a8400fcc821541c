"""Laws, rules and browsers: what the book has to stand up to."""
