#include "RedisLoop.h"

#include <string.h>

#include "Entries.h"

static const struct RedisLoopResult failed = {-1, 0, 0};

/// Copies the bytes of an entry, as a program would that does something with them.
static bool copy(void *context, const struct Entry *entry) {
    static char record[1 << 16];
    struct RedisLoopResult *result = context;
    size_t used = 0;
    for (int field = 0; field < entry->count; field++) {
        if (used + entry->fields[field].size > sizeof record) return false;
        memcpy(record + used, entry->fields[field].bytes, entry->fields[field].size);
        used += entry->fields[field].size;
    }
    for (size_t byte = 0; byte < used; byte++) result->sum += (unsigned char)record[byte];
    result->bytes += (int64_t)used;
    result->entries++;
    return true;
}

struct RedisLoopResult redis_loop_read(int port, const char *stream, int count) {
    struct RedisLoopResult result = {0, 0, 0};
    return entries_read(port, stream, count, copy, &result) ? result : failed;
}
