#ifndef RedisLoop_h
#define RedisLoop_h

#include <stdint.h>

/// The result of a reading of a stream.
struct RedisLoopResult {
    /// The number of entries; -1 if the connection failed, or the answers were not as expected.
    int64_t entries;
    /// The bytes of all fields and values.
    int64_t bytes;
    /// A sum over these bytes, so that nothing is left out.
    uint64_t sum;
};

/// Reads a stream from its beginning to its end with XREAD COUNT, as one would by hand: each answer is searched for its last id, the next
/// command is sent, and then the entries are copied into a record each while the server works.
struct RedisLoopResult redis_loop_read(int port, const char *stream, int count);

#endif
