"""A network trained, measured after each epoch, stopped and resumed."""
