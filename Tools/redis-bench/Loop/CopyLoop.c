#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "Entries.h"
#include "RedisLoop.h"

struct Copy {
    struct RedisLoopResult result;
    const char *stream;
    rd_kafka_t *producer;
    rd_kafka_topic_t *topic;
    int64_t begin_ms;
    bool is_open;
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_done(rd_kafka_error_t *error) {
    bool isDone = error == NULL;
    if (error) rd_kafka_error_destroy(error);
    return isDone;
}

/// Appends a text in quotes. The stream has no text that JSON writes in another way.
static char *quoted(char *at, struct Text text) {
    *at++ = '"';
    memcpy(at, text.bytes, text.size);
    at += text.size;
    *at++ = '"';
    return at;
}

static bool commit(struct Copy *copy) {
    if (!copy->is_open) return true;
    copy->is_open = false;
    return is_done(rd_kafka_commit_transaction(copy->producer, 60000));
}

static bool produce(struct Copy *copy, const struct Entry *entry, const char *json, size_t size) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
    rd_kafka_header_add(headers, "redis.stream", 12, copy->stream, -1);
    rd_kafka_header_add(headers, "redis.id", 8, entry->id.bytes, (ssize_t)entry->id.size);
    while (true) {
        rd_kafka_resp_err_t code = rd_kafka_producev(
            copy->producer, RD_KAFKA_V_RKT(copy->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(entry->id.bytes, entry->id.size), RD_KAFKA_V_VALUE((void *)json, size),
            RD_KAFKA_V_TIMESTAMP(strtoll(entry->id.bytes, NULL, 10)), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) break;
        rd_kafka_poll(copy->producer, 10);
    }
    rd_kafka_headers_destroy(headers);
    return false;
}

static bool write_entry(void *context, const struct Entry *entry) {
    static char json[1 << 16];
    struct Copy *copy = context;
    if (!copy->is_open) {
        if (!is_done(rd_kafka_begin_transaction(copy->producer))) return false;
        copy->is_open = true;
        copy->begin_ms = now_ms();
    }
    size_t size = 0;
    for (int field = 0; field < entry->count; field++) size += entry->fields[field].size;
    if (size + 4 * (size_t)entry->count + 2 > sizeof json) return false;
    char *at = json;
    *at++ = '{';
    for (int field = 0; field + 1 < entry->count; field += 2) {
        if (field > 0) *at++ = ',';
        at = quoted(at, entry->fields[field]);
        *at++ = ':';
        at = quoted(at, entry->fields[field + 1]);
    }
    *at++ = '}';
    if (!produce(copy, entry, json, (size_t)(at - json))) return false;
    copy->result.bytes += (int64_t)size;
    copy->result.entries++;
    if (copy->result.entries % 1000 != 0) return true;
    rd_kafka_poll(copy->producer, 0);
    return now_ms() - copy->begin_ms < 100 || commit(copy);
}

struct RedisLoopResult redis_loop_copy(int port, const char *stream, int count, const char *brokers, const char *topic) {
    const struct RedisLoopResult failed = {-1, 0, 0};
    const char *settings[][2] = {
        {"bootstrap.servers", brokers}, {"transactional.id", "redis-bench-loop"},
        {"queue.buffering.max.messages", "500000"}, {"partitioner", "murmur2_random"}, {"batch.num.messages", "10000"},
        {"linger.ms", "100"},
    };
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    for (size_t number = 0; number < sizeof settings / sizeof *settings; number++) {
        rd_kafka_conf_set(configuration, settings[number][0], settings[number][1], NULL, 0);
    }
    struct Copy copy = {.stream = stream, .producer = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, NULL, 0)};
    if (!copy.producer) {
        rd_kafka_conf_destroy(configuration);
        return failed;
    }
    copy.topic = rd_kafka_topic_new(copy.producer, topic, NULL);
    bool isGood = copy.topic && is_done(rd_kafka_init_transactions(copy.producer, 60000))
        && entries_read(port, stream, count, write_entry, &copy) && commit(&copy);
    if (copy.topic) rd_kafka_topic_destroy(copy.topic);
    rd_kafka_destroy(copy.producer);
    return isGood ? copy.result : failed;
}
