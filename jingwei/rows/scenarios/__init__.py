"""One play for each practice that can be played whole: `jn17.py` plays JN-17.

A play has `PREPARE`, what stands before the first step, and `STEPS`, one for each clause of the practice in
their order. A step raises `NotSo` where the clause is not so.
"""
