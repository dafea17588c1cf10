"""The module on the line: keep it in use, know it from another, repair what was cut off."""
