"""A screen at the gate: a page for any browser, fed by the daemon's event stream. It only looks."""
