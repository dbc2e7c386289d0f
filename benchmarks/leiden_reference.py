"""Leiden under limits of size, for `benchmarks.boundaries`: JSON in, JSON out; needs leidenalg 0.12 and scikit-learn.

Reads {"paths": [...], "units": [...], "edges": [[i, j, weight], ...], "limits": [least, most], "own": [...]}; answers
modularity, sizes and agreement with folders for both limits, and for the upper one alone. Atoms of one unit (a cycle)
stay together, as they do in a plan; to Leiden a unit has the size of one atom, which is in its favour.
"""

from __future__ import annotations

import json
import posixpath
import sys
from collections import Counter

import igraph  # type: ignore[import-not-found]
import leidenalg  # type: ignore[import-not-found]
from sklearn.metrics import normalized_mutual_info_score  # type: ignore[import-not-found]


def main() -> None:
    """Answer on standard output."""
    given = json.load(sys.stdin)
    graph = igraph.Graph(n=len(given["paths"]), edges=[(a, b) for a, b, _ in given["edges"]])
    graph.es["weight"] = [weight for _, _, weight in given["edges"]]
    units = given["units"]
    contracted = igraph.Graph(n=max(units) + 1, edges=[(units[a], units[b]) for a, b, _ in given["edges"]])
    contracted.es["weight"] = graph.es["weight"]
    folders = [posixpath.dirname(path) for path in given["paths"]]
    answers = {}
    for name, least in (("within", given["limits"][0]), ("at most", 0)):
        partition = leidenalg.ModularityVertexPartition(contracted, weights="weight")
        optimiser = leidenalg.Optimiser()
        optimiser.set_rng_seed(1)
        optimiser.max_comm_size = given["limits"][1]
        optimiser.min_comm_size = least
        optimiser.community_constraint_enforcement = 2
        optimiser.optimise_partition(partition, n_iterations=4)
        membership = [partition.membership[unit] for unit in units]
        sizes = Counter(membership).values()
        answers[name] = {
            "modularity": graph.modularity(membership, weights="weight"),
            "modules": len(sizes),
            "within_size": sum(given["limits"][0] <= size <= given["limits"][1] for size in sizes)
            / len(sizes),
            "folders": normalized_mutual_info_score(folders, membership),
        }
    own = given["own"]
    answers["own"] = {
        "modularity": graph.modularity(own, weights="weight"),
        "folders": normalized_mutual_info_score(folders, own),
    }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
