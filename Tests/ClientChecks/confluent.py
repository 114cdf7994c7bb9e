"""confluent-kafka against a broker: the same as kafka_python.py, with all compressions.

    confluent.py HOST:PORT
"""
import sys
import time

import confluent_kafka
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from checks import Checks

servers = sys.argv[1]
checks = Checks("confluent-kafka " + confluent_kafka.version())
name = "confluent-%d" % time.time_ns()

admin = AdminClient({"bootstrap.servers": servers})
admin.create_topics([NewTopic(name, 3, 1)])[name].result(10)
checks.expect("creates a topic and lists it", name in admin.list_topics(timeout=10).topics)

codecs = ["none", "gzip", "lz4", "snappy", "zstd"]
for codec in codecs:
    failures = []
    producer = Producer({"bootstrap.servers": servers, "compression.type": codec})
    for n in range(500):
        producer.produce(
            name, key="k%d" % n, value="%s-%d" % (codec, n), headers=[("h", b"1")],
            on_delivery=lambda error, _: failures.append(error) if error else None)
    left = producer.flush(10)
    checks.expect("produces, compression %s" % codec, left == 0 and not failures)


def consume(count):
    """Reads in a group until there are `count` records or nothing comes; commits what it read."""
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": name, "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([name])
    records = []
    deadline = time.monotonic() + 10
    while len(records) < count and time.monotonic() < deadline:
        records += [r for r in consumer.consume(min(500, count - len(records)), 0.5) if not r.error()]
    if records:
        consumer.commit(asynchronous=False)
    consumer.close()
    return records


total = 500 * len(codecs)
first = consume(900)
rest = consume(total - 900)
found = {record.value() for record in first + rest}
sent = {b"%s-%d" % (codec.encode(), n) for codec in codecs for n in range(500)}
checks.expect(
    "consumes in a group, all compressions, and resumes from its commit",
    len(first + rest) == total and found == sent)
checks.expect("headers come back", all(record.headers() == [("h", b"1")] for record in first))

producer = Producer({"bootstrap.servers": servers, "transactional.id": name})
producer.init_transactions(10)
producer.begin_transaction()
producer.produce(name, value=b"aborted")
producer.flush(10)
producer.abort_transaction(10)
producer.begin_transaction()
producer.produce(name, value=b"committed")
producer.commit_transaction(10)
checks.expect("a transaction is seen when it is committed", [r.value() for r in consume(1)] == [b"committed"])

admin.delete_topics([name])[name].result(10)
checks.end()
