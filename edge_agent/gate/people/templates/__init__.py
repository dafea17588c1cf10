"""Templates that leave the gate sealed, and come back."""
