"""What a person has to decide before a period can be signed."""
