#ifndef Entries_h
#define Entries_h

#include <stdbool.h>
#include <stddef.h>

/// Bytes of an answer.
struct Text {
    const char *bytes;
    size_t size;
};

/// An entry of a stream.
struct Entry {
    struct Text id;
    /// Names and values in turn.
    struct Text fields[128];
    int count;
};

/// Reads a stream from its beginning to its end with XREAD COUNT: each answer is searched for its last id, the next command is sent, and
/// then each entry is taken while the server works. Returns false if something fails.
bool entries_read(int port, const char *stream, int count, bool (*take)(void *context, const struct Entry *entry), void *context);

#endif
