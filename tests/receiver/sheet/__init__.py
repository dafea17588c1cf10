"""The sheet that is signed."""
