"""What is wrong with this gate? Many small looks at machine and gate, each ending in one line.

Read ``checks`` for what is looked at and in which order. A new check is a function under
``@check`` with its sentences above it, in the file of its subject, and its name in that list.
No look damages or writes anything (the gate's lock file aside), none takes long, and none stops
the others.
"""
