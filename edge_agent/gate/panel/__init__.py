"""What the worker sees and hears, by gpiozero."""
