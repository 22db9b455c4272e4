"""Try the scenarios whose titles have TEXT in them, and print what was called and lost.

``PYTHONPATH=.:tests python -m faults [TEXT]``, in the checkout. With another argument the stacks of
the runs that hang are printed too.
"""

from __future__ import annotations

import sys

from faults.table import loss_lines, totals
from faults.zygote import Zygote


def main(text: str = "", *options: str) -> None:
    zygote = Zygote()
    try:
        for title in zygote.titles():
            if text in title:
                outcome = zygote.try_all(title)
                print("\n".join(loss_lines(outcome, with_hangs=bool(options))), flush=True)
    finally:
        zygote.close()
    print("\n".join(totals(zygote.outcomes)))


main(*sys.argv[1:])
