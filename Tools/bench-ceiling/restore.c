/// Restores an empty RocksDB from a changelog: each batch that was read becomes a write batch.
#include "ceiling.h"

#include <string.h>

void run_restore(const struct options *options) {
    struct measure begin = measure_begin();
    struct pipeline pipeline;
    pipeline_open(&pipeline, options, false);
    rocksdb_t *database = database_open(options->state);
    rocksdb_writeoptions_t *write_options = database_write_options();
    rd_kafka_message_t *messages[10000];
    char value[4096];
    int64_t done = 0, first_ns = 0;
    char *error = NULL;
    while (done < options->events) {
        int count = pipeline_poll(&pipeline, messages, 10000);
        if (count > 0 && first_ns == 0) first_ns = now_ns();
        rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
        for (int i = 0; i < count; i++) {
            const rd_kafka_message_t *message = messages[i];
            if (message->len + 8 > sizeof value) fail("a value of %zu bytes", message->len);
            uint64_t timestamp = __builtin_bswap64((uint64_t)rd_kafka_message_timestamp(message, NULL));
            memcpy(value, &timestamp, 8);
            memcpy(value + 8, message->payload, message->len);
            rocksdb_writebatch_put(batch, message->key, message->key_len, value, message->len + 8);
            pipeline.positions[message->partition] = message->offset + 1;
        }
        rocksdb_writebatch_put(
            batch, "\xff\xffpositions", 11, (const char *)pipeline.positions, sizeof pipeline.positions);
        rocksdb_write(database, write_options, batch, &error);
        if (error) fail("write: %s", error);
        rocksdb_writebatch_destroy(batch);
        for (int i = 0; i < count; i++) rd_kafka_message_destroy(messages[i]);
        done += count;
    }
    rocksdb_flushoptions_t *flush_options = rocksdb_flushoptions_create();
    rocksdb_flush(database, flush_options, &error);
    if (error) fail("flush: %s", error);
    int64_t processing_ns = now_ns() - first_ns;
    rocksdb_close(database);
    pipeline_close(&pipeline);
    measure_print(begin, done, processing_ns);
}
