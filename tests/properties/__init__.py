"""What must hold for every input, tried with many."""
