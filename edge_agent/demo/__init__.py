"""The whole way of a punch on one machine: simulated sensor, real daemon, broker and payroll.

``stage`` starts and stops the parts, ``shift`` says who arrives, ``wishes`` and ``terminal`` when
it is to end; ``play`` holds them together, and checks that payroll got what the panel showed.
"""
