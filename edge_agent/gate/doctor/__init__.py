"""What is wrong with this gate? Many small looks at machine and gate, each ending in one line.

Read ``checks`` for what is looked at and in which order, ``sentences`` for all that can be said.
No look damages or writes anything (the gate's lock file aside), none takes long, and none stops
the others.
"""
