/// The common parts of the hand-written workloads: options, clients, transactions, measuring.
///
/// These programs contain no Millrace. They use the same librdkafka and RocksDB, as a C programmer would who knows both well.
/// Their cost per record is the least that the same guarantees cost; millrace-bench measures against it.
#pragma once

#include <librdkafka/rdkafka.h>
#include <rocksdb/c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The command line.
struct options {
    const char *workload;
    const char *bootstrap;
    const char *input;
    const char *output;
    const char *changelog;
    const char *group;
    const char *state;
    bool exactly_once;
    bool write_behind;
    int64_t events;
    int64_t commit_ms;
};

/// A consumer and a producer, and the transaction between them.
struct pipeline {
    const struct options *options;
    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue;
    rd_kafka_t *producer;
    rd_kafka_topic_t *output;
    rd_kafka_topic_t *changelog;
    /// The next offset to read, by partition; -1 until a record was read.
    int64_t positions[1024];
    bool in_transaction;
    int64_t commits;
};

/// The counts at the beginning.
struct measure {
    int64_t allocations;
    int64_t cpu_us;
};

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
int64_t now_ns(void);
struct measure measure_begin(void);
/// Prints one line of JSON for millrace-bench; `processing_ns` is the time from the first record to the last.
void measure_print(struct measure begin, int64_t records, int64_t processing_ns);

void pipeline_open(struct pipeline *pipeline, const struct options *options, bool has_changelog);
/// Reads a batch, waiting 100 ms at most, and handles errors and rebalances. The caller destroys the messages.
int pipeline_poll(struct pipeline *pipeline, rd_kafka_message_t **messages, int size);
void pipeline_begin(struct pipeline *pipeline);
/// Puts a record into librdkafka's queue, which copies it.
void pipeline_send(
    struct pipeline *pipeline, rd_kafka_topic_t *topic, int32_t partition, const void *key, size_t key_size,
    const void *value, size_t value_size, int64_t timestamp_ms);
/// Commits the offsets of everything read, in the transaction or after a flush.
void pipeline_commit(struct pipeline *pipeline);
void pipeline_close(struct pipeline *pipeline);

/// Opens a RocksDB as Millrace does: no log, universal compaction, memtables of 16 MiB.
rocksdb_t *database_open(const char *path);
rocksdb_writeoptions_t *database_write_options(void);

void run_risk(const struct options *options);
void run_passthrough(const struct options *options);
void run_restore(const struct options *options);
