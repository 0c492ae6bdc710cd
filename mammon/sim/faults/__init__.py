"""Faults for the simulated chain: what can go wrong between a program, its endpoints and its disk.

`Stage` puts a world, its endpoints, its clock and a journal behind the faults of a schedule; the
program on it is the one that runs in earnest, and needs no hook for any of it. A fault is made from a
`random.Random`, and draws its own place and size from it: one seed, one schedule.
"""

from mammon.sim.faults.catalogue import KINDS as KINDS
from mammon.sim.faults.catalogue import drawn as drawn
from mammon.sim.faults.fault import Crash as Crash
from mammon.sim.faults.fault import Fault as Fault
from mammon.sim.faults.stage import Stage as Stage
