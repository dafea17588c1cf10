"""Payroll's ready-made subscriber, and the reference for writing another one.

``accept`` decides, ``store`` keeps, ``gaps`` knows what to ask for, ``connection`` speaks MQTT,
``subscriber`` holds them together. Nothing here knows the gate's own code beyond the words
that both sides share.
"""
