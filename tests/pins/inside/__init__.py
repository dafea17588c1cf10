"""Run by ``init`` inside the kernel; nowhere else is there such a header."""
