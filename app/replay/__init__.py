"""A code base written again by its own plan, in one go: to measure what an execution gets right."""
