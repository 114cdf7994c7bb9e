"""kafka-python against a broker: produces with all compressions, consumes in a group, resumes from what it committed, in a
transaction, and asks about transactions.

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
offset = producer.send(name, b"committed", partition=0).get(10).offset


def listed(**filters):
    """The state of the transactional id in a list of transactions; None if it is not in it."""
    rows = [row for rows in admin.list_transactions(**filters).values() for row in rows]
    return next((row.state for row in rows if row.transactional_id == name), None)


checks.expect(
    "lists transactions by state and duration",
    listed() == "Ongoing" and listed(state_filters=["Ongoing"]) == "Ongoing"
    and listed(state_filters=["CompleteAbort"]) is None and listed(duration_filter_ms=3600000) is None)
described = admin.describe_transactions([name])[name]
checks.expect(
    "describes an open transaction",
    described.state == "Ongoing" and described.topic_partitions == {TopicPartition(name, 0)}
    and listed(producer_id_filters=[described.producer_id]) == "Ongoing")
writers = admin.describe_producers([TopicPartition(name, 0)])[TopicPartition(name, 0)].active_producers
checks.expect(
    "describes the producers of a partition",
    [(w.producer_epoch, w.current_transaction_start_offset) for w in writers if w.producer_id == described.producer_id]
    == [(described.producer_epoch, offset)])
try:
    admin.describe_transactions([name + "-unknown"])
    checks.expect("an unknown transactional id is told as such", False)
except kafka.errors.TransactionalIdNotFoundError:
    checks.expect("an unknown transactional id is told as such", True)

producer.commit_transaction()
producer.close()
checks.expect("lists a transaction that is committed", listed() == "CompleteCommit")
checks.expect("a transaction is seen when it is committed", [r.value for r in consume(1)] == [b"committed"])

admin.delete_topics([name])
admin.close()
checks.end()
