"""aiokafka against a broker: the same as kafka_python.py.

    aiokafka_client.py HOST:PORT
"""
import asyncio
import sys
import time

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from checks import Checks

servers = sys.argv[1]
checks = Checks("aiokafka " + aiokafka.__version__)
name = "aiokafka-%d" % time.time_ns()
codecs = [None, "gzip", "snappy", "lz4", "zstd"]


async def produce(codec):
    async with AIOKafkaProducer(
            bootstrap_servers=servers, enable_idempotence=True, compression_type=codec) as producer:
        futures = [
            await producer.send(
                name, key=b"k%d" % n, value=b"%s-%d" % (str(codec).encode(), n), headers=[("h", b"1")])
            for n in range(500)
        ]
        return [await asyncio.wait_for(future, 10) for future in futures]


async def consume(count):
    """Reads in a group until there are `count` records or nothing comes; commits what it read."""
    consumer = AIOKafkaConsumer(
        name, bootstrap_servers=servers, group_id=name, auto_offset_reset="earliest", enable_auto_commit=False,
        isolation_level="read_committed")
    records = []
    async with consumer:
        deadline = time.monotonic() + 10
        while len(records) < count and time.monotonic() < deadline:
            batches = await consumer.getmany(timeout_ms=500, max_records=count - len(records))
            records += [record for batch in batches.values() for record in batch]
        if records:
            await consumer.commit()
    return records


async def transact():
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=name)
    async with producer:
        await producer.begin_transaction()
        await producer.send_and_wait(name, b"aborted")
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send_and_wait(name, b"committed")


async def main():
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(name, 3, 1)])
    checks.expect("creates a topic and lists it", name in await admin.list_topics())

    for codec in codecs:
        acknowledged = await produce(codec)
        checks.expect("produces, compression %s" % codec, all(record.offset >= 0 for record in acknowledged))

    total = 500 * len(codecs)
    first = await consume(900)
    rest = await consume(total - 900)
    found = {record.value for record in first + rest}
    sent = {b"%s-%d" % (str(codec).encode(), n) for codec in codecs for n in range(500)}
    checks.expect(
        "consumes in a group, all compressions, and resumes from its commit",
        len(first + rest) == total and found == sent)
    checks.expect("headers come back", all(record.headers == (("h", b"1"),) for record in first))

    async with AIOKafkaConsumer(bootstrap_servers=servers) as reader:
        ends = await reader.end_offsets([TopicPartition(name, number) for number in range(3)])
        checks.expect("end offsets", sum(ends.values()) == total)

    await transact()
    checks.expect(
        "a transaction is seen when it is committed", [record.value for record in await consume(1)] == [b"committed"])
    await admin.delete_topics([name])
    await admin.close()


asyncio.run(main())
checks.end()
