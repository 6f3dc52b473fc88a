#!/usr/bin/python3
"""Average linkage against scikit-learn's: same partitions (adjusted Rand index), and how long each takes.

    linkage_vs_sklearn.py build/tests/linkage_tool [--sizes 200,2000,10000] [--dimensions 384] [--runs 5]
"""
import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def matrices(rng, n, d):
    yield "random", unit(rng.normal(size=(n, d)))
    topics = rng.normal(size=(max(1, n // 20), d))
    yield "topics", unit(rng.normal(size=(n, d)) + topics[rng.integers(0, len(topics), n)])


def ours(tool, path, rows, cut=None):
    command = [tool, path, str(rows.shape[0]), str(rows.shape[1])] + ([] if cut is None else [repr(cut)])
    fields = {}
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        key, _, value = line.partition(" ")
        fields[key] = value
    return fields


def theirs(rows, similarity):
    start = time.perf_counter()
    labels = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - similarity).fit_predict(rows)
    return labels, 1000 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool")
    parser.add_argument("--sizes", default="200,2000")
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(7)
    worst = 1.0
    print("rows   data    sklearn ms  ours ms  ratio  calibration ms  peak MB  least ARI")
    for n in map(int, options.sizes.split(",")):
        for name, rows in matrices(rng, n, options.dimensions):
            with tempfile.TemporaryDirectory() as folder:
                path = str(pathlib.Path(folder) / "rows.f32")
                rows.tofile(path)
                runs = [ours(options.tool, path, rows) for _ in range(options.runs)]
                cut = float(runs[0]["threshold"])
                rand, reference = [], []
                for similarity in [cut] if n > 5000 else [cut, cut * 0.7, cut + (1 - cut) * 0.2]:
                    labels, spent = theirs(rows, similarity)
                    reference.append(spent)
                    mine = ours(options.tool, path, rows, similarity)["labels"].split()
                    rand.append(adjusted_rand_score(labels, mine))
                middle = {key: statistics.median(float(run[key]) for run in runs)
                          for key in ("linkage_ms", "calibration_ms", "peak_mb")}
                worst = min([worst] + rand)
                their_ms = statistics.median(reference)
                print(f"{n:<6} {name:<7} {their_ms:>10.2f} {middle['linkage_ms']:>8.2f}"
                      f" {their_ms / middle['linkage_ms']:>6.1f} {middle['calibration_ms']:>15.2f}"
                      f" {middle['peak_mb']:>8.0f} {min(rand):>10.6f}", flush=True)
    if worst < 0.9999:
        raise SystemExit("partitions differ")


if __name__ == "__main__":
    main()
