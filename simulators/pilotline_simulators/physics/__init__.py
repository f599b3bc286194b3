"""Building blocks of machine models: heat, drives, fluids, wear, electricity, sensors.

A block has a `step` that takes the machine's `Operation` on by its ``dt_s`` and plain attributes
that hold its quantities. Blocks use exact solutions of their linear differential equations, so any
step length is stable; they are meant for steps of 0.1 to 5 s.
"""
