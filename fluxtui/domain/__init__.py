"""What things are: batch, target, cell, job, image, money, problems. Pure Python, no I/O."""
