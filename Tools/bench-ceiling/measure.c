#include "ceiling.h"

#include <AllocationCounter.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "bench-ceiling: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t cpu_us(struct rusage *usage) {
    getrusage(RUSAGE_SELF, usage);
    return (int64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 + usage->ru_utime.tv_usec +
           usage->ru_stime.tv_usec;
}

/// Reads the peak from /proc: `ru_maxrss` begins with the value of the process that started this one.
static int64_t peak_rss_in_bytes(void) {
    char line[256];
    long long kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status) && sscanf(line, "VmHWM: %lld", &kilobytes) != 1) continue;
    if (status) fclose(status);
    return kilobytes * 1024;
}

struct measure measure_begin(void) {
    struct rusage usage;
    return (struct measure){.allocations = allocation_count(), .cpu_us = cpu_us(&usage)};
}

void measure_print(struct measure begin, int64_t records, int64_t processing_ns) {
    struct rusage usage;
    int64_t cpu = cpu_us(&usage) - begin.cpu_us;
    printf(
        "{\"records\":%lld,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"peakRSSInBytes\":%lld,\"allocations\":%lld}\n",
        (long long)records, (double)processing_ns / 1e9, (double)cpu / 1e6, (long long)peak_rss_in_bytes(),
        (long long)(allocation_count() - begin.allocations));
}
