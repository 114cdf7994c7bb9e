#pragma once

#include <stdint.h>

/// The number of allocations in this process so far, by all threads: malloc, calloc, realloc and their aligned variants.
///
/// A program that links this target has its allocations counted from its start. On other systems than Linux with glibc the
/// count stays 0.
int64_t allocation_count(void);
