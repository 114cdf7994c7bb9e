#ifndef RedisLoop_h
#define RedisLoop_h

#include <stdint.h>

/// The result of a reading of a stream.
struct RedisLoopResult {
    /// The number of entries; -1 if a connection failed, or the answers were not as expected.
    int64_t entries;
    /// The bytes of all fields and values.
    int64_t bytes;
    /// A sum over these bytes, so that nothing is left out.
    uint64_t sum;
};

/// Reads a stream from its beginning to its end, as one would by hand, and copies each entry.
struct RedisLoopResult redis_loop_read(int port, const char *stream, int count);

/// Reads a stream in the same way, and writes each entry into a topic with librdkafka: its fields as JSON, its id as the key, its time, the
/// two headers of `millrace connect`, in a transaction every 100 ms.
struct RedisLoopResult redis_loop_copy(int port, const char *stream, int count, const char *brokers, const char *topic);

#endif
