#pragma once

/// Runs a hand-written workload, as `bench-ceiling risk|passthrough|restore …`, and prints its cost as a line of JSON. Returns
/// the process's exit code.
int bench_ceiling(int count, char **arguments);
