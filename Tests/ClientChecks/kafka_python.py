"""kafka-python against a broker: produces with all compressions, consumes in a group, resumes from what it committed, and in a
transaction.

    kafka_python.py HOST:PORT      prints OK or FAIL per behaviour; exit status 1 after a failure
"""
import sys
import time

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from checks import Checks

servers = sys.argv[1]
checks = Checks("kafka-python " + kafka.__version__)
name = "kafka-python-%d" % time.time_ns()

admin = KafkaAdminClient(bootstrap_servers=servers)
admin.create_topics([NewTopic(name, 3, 1)])
checks.expect("creates a topic and lists it", name in admin.list_topics())

codecs = [None, "gzip", "snappy", "lz4", "zstd"]
for codec in codecs:
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", compression_type=codec)
    futures = [
        producer.send(name, key=b"k%d" % n, value=b"%s-%d" % (str(codec).encode(), n), headers=[("h", b"1")])
        for n in range(500)
    ]
    producer.flush(10)
    checks.expect("produces, compression %s" % codec, all(f.get(10).offset >= 0 for f in futures))
    producer.close()


def consume(count, limit=None):
    """Reads in a group until there are `count` records or nothing comes; commits what it read."""
    consumer = KafkaConsumer(
        name, bootstrap_servers=servers, group_id=name, auto_offset_reset="earliest", enable_auto_commit=False,
        consumer_timeout_ms=8000, isolation_level="read_committed", max_poll_records=limit or 500)
    records = []
    for record in consumer:
        records.append(record)
        if len(records) >= count:
            break
    consumer.commit()
    consumer.close()
    return records


total = 500 * len(codecs)
first = consume(900)
rest = consume(total - 900)
found = {record.value for record in first + rest}
sent = {b"%s-%d" % (str(codec).encode(), n) for codec in codecs for n in range(500)}
checks.expect(
    "consumes in a group, all compressions, and resumes from its commit",
    len(first + rest) == total and found == sent)
checks.expect("headers come back", all(record.headers == [("h", b"1")] for record in first))

reader = KafkaConsumer(bootstrap_servers=servers)
ends = reader.end_offsets([TopicPartition(name, number) for number in range(3)])
checks.expect("end offsets", sum(ends.values()) == total)
reader.close()

producer = KafkaProducer(bootstrap_servers=servers, transactional_id=name)
producer.init_transactions()
producer.begin_transaction()
producer.send(name, b"aborted")
producer.flush(10)
producer.abort_transaction()
producer.begin_transaction()
producer.send(name, b"committed")
producer.commit_transaction()
producer.close()
checks.expect("a transaction is seen when it is committed", [r.value for r in consume(1)] == [b"committed"])

admin.delete_topics([name])
admin.close()
checks.end()
