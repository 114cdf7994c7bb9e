// Which level runs, and the memory that rows and links lie in.
#include "Rows.h"

#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

static const millrace_kernels *kernels_if_there(millrace_level level) {
    switch (level) {
    case millrace_level_plain: return millrace_kernels_plain();
    case millrace_level_avx2: return millrace_kernels_avx2();
    case millrace_level_avx512: return millrace_kernels_avx512();
    case millrace_level_neon: return millrace_kernels_neon();
    }
    return NULL;
}

bool millrace_has_level(millrace_level level) { return kernels_if_there(level) != NULL; }

const millrace_kernels *millrace_kernels_at(millrace_level level) {
    const millrace_kernels *kernels = kernels_if_there(level);
    return kernels ? kernels : millrace_kernels_plain();
}

millrace_level millrace_best_level(void) {
    if (millrace_kernels_neon()) return millrace_level_neon;
    if (millrace_kernels_avx512()) return millrace_level_avx512;
    if (millrace_kernels_avx2()) return millrace_level_avx2;
    return millrace_level_plain;
}

#define LARGE_PAGE ((size_t)2 << 20)

void *millrace_allocate(size_t size_in_bytes) {
    const bool is_large = size_in_bytes >= LARGE_PAGE;
    void *memory = NULL;
    if (posix_memalign(&memory, is_large ? LARGE_PAGE : 64, size_in_bytes > 0 ? size_in_bytes : 1)) return NULL;
#if defined(MADV_HUGEPAGE)
    // Only whole large pages, so that the end of the memory takes no more than it needs. A system without them says no.
    if (is_large) madvise(memory, size_in_bytes / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
#endif
    memset(memory, 0, size_in_bytes);
    return memory;
}

void millrace_free(void *memory) { free(memory); }
