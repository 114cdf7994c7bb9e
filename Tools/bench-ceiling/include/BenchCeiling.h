#pragma once

/// Runs a workload by hand, as `bench-ceiling risk|passthrough|restore …`; prints what it took as a line of JSON. Returns the
/// process's exit code.
int bench_ceiling(int count, char **arguments);
