"""One TOML file into frozen structs, with every problem reported at once."""
