"""The gate's pins on a real /dev/gpiochip0, inside a kernel that is made for it: make test-pins.

``kernel.sh`` builds the kernel, ``boot.sh`` runs it with ``init`` as its first process, and that
runs the tests of ``inside/``.
"""
