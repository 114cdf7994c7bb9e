// Additions to RocksDB's C API, which in the oldest supported version (7.8) lacks a write buffer manager and counts shared by
// databases, a compaction that reports its status and the choice not to flush when a database is closed.
#ifndef CROCKSDB_SHIM_H
#define CROCKSDB_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rocksdb_t rocksdb_t;
typedef struct rocksdb_options_t rocksdb_options_t;
typedef struct rocksdb_cache_t rocksdb_cache_t;

/// Whether the C API's handles begin with the C++ object, as every function here assumes.
/// `options` is written to and must be fresh.
bool rocksdb_shim_layout_matches(rocksdb_options_t *options);

/// One limit for the memtables of every database that is given it.
typedef struct rocksdb_shim_write_buffers_t rocksdb_shim_write_buffers_t;

/// `cache` may be null; otherwise memtables are charged to it. The result is freed with `_destroy`; databases opened
/// with it keep what they need.
rocksdb_shim_write_buffers_t *rocksdb_shim_write_buffers_create(size_t size_in_bytes, rocksdb_cache_t *cache);
void rocksdb_shim_write_buffers_destroy(rocksdb_shim_write_buffers_t *buffers);
size_t rocksdb_shim_write_buffers_usage(const rocksdb_shim_write_buffers_t *buffers);
void rocksdb_shim_options_set_write_buffers(rocksdb_options_t *options, const rocksdb_shim_write_buffers_t *buffers);

/// Counts of what databases do; several may share them. Databases opened with it keep what they need.
typedef struct rocksdb_shim_statistics_t rocksdb_shim_statistics_t;

typedef enum {
  rocksdb_shim_block_cache_miss,
  rocksdb_shim_block_cache_hit,
  rocksdb_shim_memtable_hit,
  rocksdb_shim_memtable_miss,
  rocksdb_shim_stall_micros,
  rocksdb_shim_compact_read_bytes,
  rocksdb_shim_compact_write_bytes,
  rocksdb_shim_flush_write_bytes
} rocksdb_shim_ticker_t;

rocksdb_shim_statistics_t *rocksdb_shim_statistics_create(void);
void rocksdb_shim_statistics_destroy(rocksdb_shim_statistics_t *statistics);
uint64_t rocksdb_shim_statistics_count(const rocksdb_shim_statistics_t *statistics, rocksdb_shim_ticker_t ticker);
void rocksdb_shim_options_set_statistics(rocksdb_options_t *options, const rocksdb_shim_statistics_t *statistics);

void rocksdb_shim_options_set_avoid_flush_during_shutdown(rocksdb_options_t *options, bool avoid);

/// Like `rocksdb_compact_range`, but a failure is returned in `errptr` (freed with `rocksdb_free`). A null key is an
/// open end.
void rocksdb_shim_compact_range(rocksdb_t *db, const char *start, size_t start_len, const char *limit, size_t limit_len,
                                char **errptr);

#ifdef __cplusplus
}
#endif

#endif
