"""JSON Schemas and the AsyncAPI document, made of the contract's own types: ``make contract``."""
