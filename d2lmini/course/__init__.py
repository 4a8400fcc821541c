"""The book as a course: its exercises, the student edition, assignments, grading."""
