"""The contract with payroll as machines read it: JSON Schemas and an AsyncAPI document.

``schemas`` makes them of the project's own types, ``asyncapi`` says on which topic what travels,
``files`` writes them to ``docs/contract/``: ``make contract``. What comes out is CC0.
"""
