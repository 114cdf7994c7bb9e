/// Copies each record from the input to the output and changes its value: one byte is flipped in a copy.
#include "ceiling.h"

#include <string.h>

void run_passthrough(const struct options *options) {
    struct measure begin = measure_begin();
    struct pipeline pipeline;
    pipeline_open(&pipeline, options, false);
    rd_kafka_message_t *messages[1000];
    char value[4096];
    int64_t done = 0, first_ns = 0, last_commit_ns = now_ns();
    while (done < options->events) {
        int count = pipeline_poll(&pipeline, messages, 1000);
        if (count > 0 && first_ns == 0) first_ns = now_ns();
        if (count > 0) pipeline_begin(&pipeline);
        for (int i = 0; i < count; i++) {
            const rd_kafka_message_t *message = messages[i];
            if (message->len > sizeof value || message->len == 0) fail("a value of %zu bytes", message->len);
            memcpy(value, message->payload, message->len);
            value[0] ^= 1;
            pipeline_send(
                &pipeline, pipeline.output, RD_KAFKA_PARTITION_UA, message->key, message->key_len, value, message->len,
                rd_kafka_message_timestamp(message, NULL));
            pipeline.positions[message->partition] = message->offset + 1;
            rd_kafka_message_destroy(messages[i]);
        }
        done += count;
        if (now_ns() - last_commit_ns < options->commit_ms * 1000000 && done < options->events) continue;
        last_commit_ns = now_ns();
        if (done > 0) pipeline_commit(&pipeline);
    }
    int64_t processing_ns = now_ns() - first_ns;
    pipeline_close(&pipeline);
    measure_print(begin, done, processing_ns);
}
