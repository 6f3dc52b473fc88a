#!/usr/bin/env python3
"""Writes tests/data/linkage_fixture.txt: small matrices with the partitions that scipy's average linkage gives.

Of each case: `case N D`, N lines of D integers (rows, to be normalised), then `cut SIMILARITY` and N labels, several
times, then `end`. Cuts are taken in the middle of a gap, so that rounding decides nothing.
"""
import pathlib

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage


def case(rng, n, d, groups, spread):
    centres = rng.normal(size=(groups, d)) * spread
    rows = np.rint(20 * (rng.normal(size=(n, d)) + centres[rng.integers(0, groups, n)])).astype(int)
    rows[~rows.any(axis=1), 0] = 1
    heights = linkage(rows.astype(float), "average", metric="cosine")
    lines = [f"case {n} {d}"] + [" ".join(map(str, row)) for row in rows]
    steps = heights[:, 2]
    for share in (0.15, 0.4, 0.65, 0.9, 0.97):
        at = min(int(share * n), n - 3)
        if steps[at + 1] - steps[at] < 1e-4:
            continue
        cut = (steps[at] + steps[at + 1]) / 2
        lines.append(f"cut {1 - cut:.7f}")
        lines.append(" ".join(map(str, fcluster(heights, cut, "distance"))))
    return lines + ["end"]


def main():
    rng = np.random.default_rng(20261)
    lines = []
    for n, d, groups, spread in ((6, 3, 2, 2), (12, 2, 3, 1), (30, 5, 4, 2), (40, 8, 40, 1), (60, 4, 1, 0)):
        lines += case(rng, n, d, groups, spread)
    out = pathlib.Path(__file__).parent.parent / "data" / "linkage_fixture.txt"
    out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
