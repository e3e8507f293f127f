"""`gigamost` on a machine whose clock is wrong: `python -m tests.reliability.skewed SECONDS ARGUMENTS...`.

The process's own wall clock is moved before anything of the gateway is imported, as libfaketime would do it.
"""

import sys
import time

_seconds = float(sys.argv[1])
_true, _true_ns = time.time, time.time_ns
time.time = lambda: _true() + _seconds
time.time_ns = lambda: _true_ns() + int(_seconds * 1e9)

if __name__ == "__main__":
    from gigamost.cli import main

    sys.argv = ["gigamost", *sys.argv[2:]]
    main()
