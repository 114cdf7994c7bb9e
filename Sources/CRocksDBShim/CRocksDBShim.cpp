// RocksDB's db/c.cc defines each of its handles as a struct whose first member, `rep`, is the C++ object (or a pointer to
// it, for a database; or a shared_ptr, for a cache). These views rely on that and nothing else.

#include "CRocksDBShim.h"

#include <cstring>
#include <memory>
#include <string>

#include <rocksdb/c.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_buffer_manager.h>

struct rocksdb_shim_write_buffers_t {
  std::shared_ptr<rocksdb::WriteBufferManager> rep;
};

struct rocksdb_shim_statistics_t {
  std::shared_ptr<rocksdb::Statistics> rep;
};

static rocksdb::Options &view(rocksdb_options_t *options) { return *reinterpret_cast<rocksdb::Options *>(options); }

static rocksdb::DB *view(rocksdb_t *db) { return *reinterpret_cast<rocksdb::DB **>(db); }

static const std::shared_ptr<rocksdb::Cache> &view(rocksdb_cache_t *cache) {
  return *reinterpret_cast<std::shared_ptr<rocksdb::Cache> *>(cache);
}

bool rocksdb_shim_layout_matches(rocksdb_options_t *options) {
  const size_t size = 7654321;
  rocksdb_options_set_write_buffer_size(options, size);
  rocksdb_options_set_max_open_files(options, 4321);
  return view(options).write_buffer_size == size && view(options).max_open_files == 4321;
}

rocksdb_shim_write_buffers_t *rocksdb_shim_write_buffers_create(size_t size_in_bytes, rocksdb_cache_t *cache) {
  auto shared = cache ? view(cache) : std::shared_ptr<rocksdb::Cache>();
  return new rocksdb_shim_write_buffers_t{std::make_shared<rocksdb::WriteBufferManager>(size_in_bytes, shared)};
}

void rocksdb_shim_write_buffers_destroy(rocksdb_shim_write_buffers_t *buffers) { delete buffers; }

size_t rocksdb_shim_write_buffers_usage(const rocksdb_shim_write_buffers_t *buffers) {
  return buffers->rep->memory_usage();
}

void rocksdb_shim_options_set_write_buffers(rocksdb_options_t *options, const rocksdb_shim_write_buffers_t *buffers) {
  view(options).write_buffer_manager = buffers->rep;
}

rocksdb_shim_statistics_t *rocksdb_shim_statistics_create(void) {
  auto statistics = rocksdb::CreateDBStatistics();
  // Counts only: histograms and timers cost a clock call for each operation.
  statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  return new rocksdb_shim_statistics_t{statistics};
}

void rocksdb_shim_statistics_destroy(rocksdb_shim_statistics_t *statistics) { delete statistics; }

uint64_t rocksdb_shim_statistics_count(const rocksdb_shim_statistics_t *statistics, rocksdb_shim_ticker_t ticker) {
  switch (ticker) {
  case rocksdb_shim_block_cache_miss:
    return statistics->rep->getTickerCount(rocksdb::BLOCK_CACHE_MISS);
  case rocksdb_shim_block_cache_hit:
    return statistics->rep->getTickerCount(rocksdb::BLOCK_CACHE_HIT);
  case rocksdb_shim_memtable_hit:
    return statistics->rep->getTickerCount(rocksdb::MEMTABLE_HIT);
  case rocksdb_shim_memtable_miss:
    return statistics->rep->getTickerCount(rocksdb::MEMTABLE_MISS);
  case rocksdb_shim_stall_micros:
    return statistics->rep->getTickerCount(rocksdb::STALL_MICROS);
  case rocksdb_shim_compact_read_bytes:
    return statistics->rep->getTickerCount(rocksdb::COMPACT_READ_BYTES);
  case rocksdb_shim_compact_write_bytes:
    return statistics->rep->getTickerCount(rocksdb::COMPACT_WRITE_BYTES);
  case rocksdb_shim_flush_write_bytes:
    return statistics->rep->getTickerCount(rocksdb::FLUSH_WRITE_BYTES);
  }
  return 0;
}

void rocksdb_shim_options_set_statistics(rocksdb_options_t *options, const rocksdb_shim_statistics_t *statistics) {
  view(options).statistics = statistics->rep;
}

void rocksdb_shim_options_set_avoid_flush_during_shutdown(rocksdb_options_t *options, bool avoid) {
  view(options).avoid_flush_during_shutdown = avoid;
}

void rocksdb_shim_compact_range(rocksdb_t *db, const char *start, size_t start_len, const char *limit, size_t limit_len,
                                char **errptr) {
  const rocksdb::Slice from(start, start ? start_len : 0), to(limit, limit ? limit_len : 0);
  const rocksdb::Status status =
      view(db)->CompactRange(rocksdb::CompactRangeOptions(), start ? &from : nullptr, limit ? &to : nullptr);
  if (!status.ok()) {
    *errptr = strdup(status.ToString().c_str());
  }
}
