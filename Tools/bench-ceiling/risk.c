/// Writes the highest score of each account to a state, a changelog and an output, in two hand-written forms.
///
/// plain: RocksDB is read and written for every record. write-behind: a hash table is read and written, and at every 20th commit
/// its changes go to RocksDB in a sorted batch, together with the changelog's positions. A value is a timestamp and a double,
/// both big-endian, as in Millrace and Kafka Streams; the changelog and the output get the double alone.
#include "ceiling.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

static const int commits_per_checkpoint = 20;

struct state {
    rocksdb_t *database;
    rocksdb_readoptions_t *read_options;
    rocksdb_writeoptions_t *write_options;
    struct table table;
};

static uint64_t big_endian(uint64_t value) { return __builtin_bswap64(value); }

/// Finds `"name":` and returns the position after it; the events have no escapes and no nesting.
static const char *field(const char *json, size_t size, const char *name, size_t name_size) {
    const char *end = json + size;
    for (const char *at = json; (at = memchr(at, '"', (size_t)(end - at))); at++) {
        if ((size_t)(end - at) > name_size + 3 && memcmp(at + 1, name, name_size) == 0 && at[name_size + 1] == '"') {
            return at + name_size + 3;
        }
    }
    return NULL;
}

static double parse_score(const rd_kafka_message_t *message) {
    char digits[32];
    const char *at = field(message->payload, message->len, "score", 5);
    if (!at) fail("no score");
    size_t size = (size_t)((const char *)message->payload + message->len - at);
    if (size > sizeof digits - 1) size = sizeof digits - 1;
    memcpy(digits, at, size);
    digits[size] = 0;
    return strtod(digits, NULL);
}

static int64_t parse_timestamp(const rd_kafka_message_t *message) {
    const char *at = field(message->payload, message->len, "timestampMs", 11);
    if (!at) fail("no timestamp");
    int64_t timestamp = 0;
    while (*at >= '0' && *at <= '9') timestamp = timestamp * 10 + (*at++ - '0');
    return timestamp;
}

static void fold(struct aggregate *aggregate, double score, int64_t timestamp_ms) {
    if (score > aggregate->highest) aggregate->highest = score;
    if (timestamp_ms > aggregate->timestamp_ms) aggregate->timestamp_ms = timestamp_ms;
}

static size_t store_bytes(const struct aggregate *aggregate, uint64_t bytes[2]) {
    memcpy(&bytes[1], &aggregate->highest, 8);
    bytes[0] = big_endian((uint64_t)aggregate->timestamp_ms);
    bytes[1] = big_endian(bytes[1]);
    return 16;
}

static struct aggregate update_plain(struct state *state, const rd_kafka_message_t *message) {
    char *error = NULL;
    size_t size = 0;
    uint64_t bytes[2];
    struct aggregate aggregate = {0, -1};
    char *stored = rocksdb_get(state->database, state->read_options, message->key, message->key_len, &size, &error);
    if (error) fail("get: %s", error);
    if (stored && size == 16) {
        memcpy(bytes, stored, 16);
        aggregate.timestamp_ms = (int64_t)big_endian(bytes[0]);
        bytes[1] = big_endian(bytes[1]);
        memcpy(&aggregate.highest, &bytes[1], 8);
    }
    free(stored);
    fold(&aggregate, parse_score(message), parse_timestamp(message));
    size = store_bytes(&aggregate, bytes);
    rocksdb_put(
        state->database, state->write_options, message->key, message->key_len, (const char *)bytes, size, &error);
    if (error) fail("put: %s", error);
    return aggregate;
}

static struct aggregate update_behind(struct state *state, const rd_kafka_message_t *message) {
    struct entry *entry = table_find_or_insert(&state->table, message->key, message->key_len);
    fold(&entry->aggregate, parse_score(message), parse_timestamp(message));
    table_mark(&state->table, entry);
    return entry->aggregate;
}

static void write_down(struct state *state, const struct pipeline *pipeline) {
    char *error = NULL;
    uint64_t bytes[2];
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    table_sort_marked(&state->table);
    for (size_t i = 0; i < state->table.marked_count; i++) {
        struct entry *entry = &state->table.entries[state->table.marked[i]];
        size_t size = store_bytes(&entry->aggregate, bytes);
        rocksdb_writebatch_put(batch, entry->key, entry->key_size, (const char *)bytes, size);
    }
    table_unmark_all(&state->table);
    rocksdb_writebatch_put(
        batch, "\xff\xffpositions", 11, (const char *)pipeline->positions, sizeof pipeline->positions);
    rocksdb_write(state->database, state->write_options, batch, &error);
    if (error) fail("write: %s", error);
    rocksdb_writebatch_destroy(batch);
}

static void process(struct pipeline *pipeline, struct state *state, const rd_kafka_message_t *message) {
    struct aggregate aggregate =
        pipeline->options->write_behind ? update_behind(state, message) : update_plain(state, message);
    uint64_t bytes[2];
    store_bytes(&aggregate, bytes);
    pipeline_send(
        pipeline, pipeline->changelog, message->partition, message->key, message->key_len, &bytes[1], 8,
        aggregate.timestamp_ms);
    pipeline_send(
        pipeline, pipeline->output, RD_KAFKA_PARTITION_UA, message->key, message->key_len, &bytes[1], 8,
        aggregate.timestamp_ms);
}

void run_risk(const struct options *options) {
    struct measure begin = measure_begin();
    struct pipeline pipeline;
    pipeline_open(&pipeline, options, true);
    struct state state = {
        .database = database_open(options->state),
        .read_options = rocksdb_readoptions_create(),
        .write_options = database_write_options(),
    };
    table_init(&state.table);
    rd_kafka_message_t *messages[1000];
    int64_t done = 0, first_ns = 0, last_commit_ns = now_ns();
    while (done < options->events) {
        int count = pipeline_poll(&pipeline, messages, 1000);
        if (count > 0 && first_ns == 0) first_ns = now_ns();
        if (count > 0) pipeline_begin(&pipeline);
        for (int i = 0; i < count; i++) {
            process(&pipeline, &state, messages[i]);
            pipeline.positions[messages[i]->partition] = messages[i]->offset + 1;
            rd_kafka_message_destroy(messages[i]);
        }
        done += count;
        if (now_ns() - last_commit_ns < options->commit_ms * 1000000 && done < options->events) continue;
        last_commit_ns = now_ns();
        if (done == 0) continue;
        pipeline_commit(&pipeline);
        if (options->write_behind && pipeline.commits % commits_per_checkpoint == 0) write_down(&state, &pipeline);
    }
    int64_t processing_ns = now_ns() - first_ns;
    if (options->write_behind) write_down(&state, &pipeline);
    char *error = NULL;
    rocksdb_flushoptions_t *flush_options = rocksdb_flushoptions_create();
    rocksdb_flush(state.database, flush_options, &error);
    if (error) fail("flush: %s", error);
    rocksdb_close(state.database);
    pipeline_close(&pipeline);
    measure_print(begin, done, processing_ns);
}
