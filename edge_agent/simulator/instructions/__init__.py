"""What the module can be told, as one table, and what each instruction does."""
