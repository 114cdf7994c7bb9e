#include "ceiling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char error[512];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail("%s", error);
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client, (void)opaque;
    if (message->err) fail("delivery: %s", rd_kafka_err2str(message->err));
}

/// The same settings as in StreamsConfiguration+Clients.swift.
static rd_kafka_t *open_consumer(const struct options *options) {
    char error[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", options->bootstrap);
    set(conf, "group.id", options->group);
    set(conf, "partition.assignment.strategy", "range");
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.auto.offset.store", "false");
    set(conf, "isolation.level", options->exactly_once ? "read_committed" : "read_uncommitted");
    set(conf, "queued.max.messages.kbytes", "8192");
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!consumer) fail("%s", error);
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

static rd_kafka_t *open_producer(const struct options *options) {
    char error[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", options->bootstrap);
    set(conf, "partitioner", "murmur2_random");
    set(conf, "enable.idempotence", "true");
    set(conf, "queue.buffering.max.messages", "500000");
    set(conf, "batch.num.messages", "10000");
    set(conf, "linger.ms", options->exactly_once ? "100" : "10");
    // The positions of the changelog are known from the commits; only a failure is news.
    set(conf, "delivery.report.only.error", "true");
    if (options->exactly_once) set(conf, "transactional.id", options->group);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (!producer) fail("%s", error);
    return producer;
}

static void check(rd_kafka_error_t *error, const char *what) {
    if (error) fail("%s: %s", what, rd_kafka_error_string(error));
}

void pipeline_open(struct pipeline *pipeline, const struct options *options, bool has_changelog) {
    memset(pipeline, 0, sizeof *pipeline);
    for (int i = 0; i < 1024; i++) pipeline->positions[i] = -1;
    pipeline->options = options;
    pipeline->producer = open_producer(options);
    if (options->exactly_once) check(rd_kafka_init_transactions(pipeline->producer, 10000), "init transactions");
    pipeline->output = rd_kafka_topic_new(pipeline->producer, options->output, NULL);
    if (has_changelog) pipeline->changelog = rd_kafka_topic_new(pipeline->producer, options->changelog, NULL);

    pipeline->consumer = open_consumer(options);
    pipeline->queue = rd_kafka_queue_get_consumer(pipeline->consumer);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, options->input, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(pipeline->consumer, topics)) fail("subscribe");
    rd_kafka_topic_partition_list_destroy(topics);
}

int pipeline_poll(struct pipeline *pipeline, rd_kafka_message_t **messages, int size) {
    int count = (int)rd_kafka_consume_batch_queue(pipeline->queue, 100, messages, (size_t)size);
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (messages[i]->err) {
            rd_kafka_message_destroy(messages[i]);
        } else {
            messages[kept++] = messages[i];
        }
    }
    rd_kafka_poll(pipeline->producer, 0);
    return kept;
}

void pipeline_begin(struct pipeline *pipeline) {
    if (!pipeline->options->exactly_once || pipeline->in_transaction) return;
    check(rd_kafka_begin_transaction(pipeline->producer), "begin transaction");
    pipeline->in_transaction = true;
}

void pipeline_send(
    struct pipeline *pipeline, rd_kafka_topic_t *topic, int32_t partition, const void *key, size_t key_size,
    const void *value, size_t value_size, int64_t timestamp_ms) {
    for (;;) {
        rd_kafka_resp_err_t error = rd_kafka_producev(
            pipeline->producer, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size),
            RD_KAFKA_V_VALUE((void *)value, value_size), RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_END);
        if (!error) return;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("produce: %s", rd_kafka_err2str(error));
        rd_kafka_poll(pipeline->producer, 10);
    }
}

void pipeline_commit(struct pipeline *pipeline) {
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(16);
    for (int i = 0; i < 1024; i++) {
        if (pipeline->positions[i] < 0) continue;
        rd_kafka_topic_partition_list_add(offsets, pipeline->options->input, i)->offset = pipeline->positions[i];
    }
    if (pipeline->options->exactly_once) {
        pipeline_begin(pipeline);
        rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(pipeline->consumer);
        check(
            rd_kafka_send_offsets_to_transaction(pipeline->producer, offsets, group, 10000),
            "send offsets to transaction");
        rd_kafka_consumer_group_metadata_destroy(group);
        check(rd_kafka_commit_transaction(pipeline->producer, 10000), "commit transaction");
        pipeline->in_transaction = false;
    } else {
        rd_kafka_flush(pipeline->producer, 10000);
        rd_kafka_resp_err_t error = rd_kafka_commit(pipeline->consumer, offsets, 0);
        if (error) fail("commit: %s", rd_kafka_err2str(error));
    }
    rd_kafka_topic_partition_list_destroy(offsets);
    pipeline->commits++;
}

void pipeline_close(struct pipeline *pipeline) {
    rd_kafka_queue_destroy(pipeline->queue);
    rd_kafka_consumer_close(pipeline->consumer);
    rd_kafka_destroy(pipeline->consumer);
    if (pipeline->changelog) rd_kafka_topic_destroy(pipeline->changelog);
    rd_kafka_topic_destroy(pipeline->output);
    rd_kafka_destroy(pipeline->producer);
}

rocksdb_t *database_open(const char *path) {
    char *error = NULL;
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_compression(options, rocksdb_no_compression);
    rocksdb_options_set_compaction_style(options, rocksdb_universal_compaction);
    rocksdb_options_set_write_buffer_size(options, 16 << 20);
    rocksdb_options_set_max_write_buffer_number(options, 3);
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_size(table, 4096);
    rocksdb_block_based_options_set_block_cache(table, rocksdb_cache_create_lru(128 << 20));
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_t *database = rocksdb_open(options, path, &error);
    if (error) fail("open %s: %s", path, error);
    return database;
}

rocksdb_writeoptions_t *database_write_options(void) {
    rocksdb_writeoptions_t *options = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(options, 1);
    return options;
}
