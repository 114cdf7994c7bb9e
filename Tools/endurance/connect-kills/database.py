"""A seeded load of PostgreSQL, and what the topics and the sink's table have to have in the end."""
import collections
import json
import random
import subprocess
import threading
import time

from processes import Problem

ROWS_TOPIC, CHANGES_TOPIC = "db.public.a", "db.public.b"
TOPICS = [f"{ROWS_TOPIC}:4", f"{CHANGES_TOPIC}:1"]
SCHEMA = """
    CREATE TABLE a (k int PRIMARY KEY, v int, large text);
    ALTER TABLE a ALTER large SET STORAGE EXTERNAL, REPLICA IDENTITY FULL;
    CREATE TABLE b (k int PRIMARY KEY, v int);
    CREATE TABLE progress (n int);
    INSERT INTO progress VALUES (0);
    CREATE TABLE target (k int PRIMARY KEY, v int, large text);
    CREATE TABLE written (id bigserial, k int, v int);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'DELETE' THEN INSERT INTO written (k) VALUES (old.k);
        ELSE INSERT INTO written (k, v) VALUES (new.k, new.v); END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON target FOR EACH ROW EXECUTE FUNCTION note();
"""


def connectors(port):
    """Two sources, one of them with truncates, and a sink."""
    server = {"port": port, "database": "postgres", "user": "millrace", "password": {"environment": "PGPASSWORD"}}
    source = {"type": "postgres-source", "topicPrefix": "db.", "splitCount": 20, **server}
    return {
        "rows": {**source, "tables": ["public.a"], "slot": "rows", "publication": "rows"},
        "changes": {**source, "tables": ["public.b"], "slot": "changes", "publication": "changes", "format": "changes"},
        "table": {"type": "postgres-sink", "name": "table", "topics": [ROWS_TOPIC], "table": "public.target", **server},
    }


class Transaction:
    """Statements, and the events that follow if they are committed. An event of a row is `None` for its deletion."""

    def __init__(self, load):
        self.load, self.random, self.statements = load, load.random, []
        self.a, self.b = dict(load.a), dict(load.b)
        self.row_events, self.change_events = [], []
        for _ in range(self.random.choice([1, 2, 3, 5, 60])):
            self.random.choice([self.change_a, self.change_a, self.change_b])()
        if self.random.random() < 0.03:
            self.truncate()

    def change_a(self):
        key, other, kind = self.random.randrange(40), self.random.randrange(40), self.random.random()
        self.load.version += 1
        version = self.load.version
        if key not in self.a:
            large = f"{version}-" * 800
            self.statements.append(f"INSERT INTO a VALUES ({key}, {version}, repeat('{version}-', 800))")
            self.set_a(key, (version, large))
        elif kind < 0.15:
            self.statements.append(f"DELETE FROM a WHERE k = {key}")
            self.delete_a(key)
        elif kind < 0.25 and other not in self.a:
            self.statements.append(f"UPDATE a SET k = {other}, v = {version} WHERE k = {key}")
            large = self.a[key][1]
            self.delete_a(key)
            self.set_a(other, (version, large))
        elif kind < 0.4:
            self.statements.append(f"UPDATE a SET v = {version}, large = repeat('{version}+', 800) WHERE k = {key}")
            self.set_a(key, (version, f"{version}+" * 800))
        else:
            # The large value stays out of the log.
            self.statements.append(f"UPDATE a SET v = {version} WHERE k = {key}")
            self.set_a(key, (version, self.a[key][1]))

    def set_a(self, key, row):
        self.a[key] = row
        self.row_events.append((key, row))

    def delete_a(self, key):
        del self.a[key]
        self.row_events.append((key, None))

    def change_b(self):
        key = self.random.randrange(20)
        self.load.version += 1
        version = self.load.version
        if key not in self.b:
            self.statements.append(f"INSERT INTO b VALUES ({key}, {version})")
            self.change_events.append(("c", key, version))
        elif self.random.random() < 0.2:
            self.statements.append(f"DELETE FROM b WHERE k = {key}")
            self.change_events += [("d", key, None), (None, key, None)]
            del self.b[key]
            return
        else:
            self.statements.append(f"UPDATE b SET v = {version} WHERE k = {key}")
            self.change_events.append(("u", key, version))
        self.b[key] = version

    def truncate(self):
        self.statements.append("TRUNCATE b")
        self.change_events.append(("t", None, None))
        self.b = {}


class DatabaseLoad(threading.Thread):
    """Writes transactions until it is ended, also while the server comes and goes. Some are rolled back."""

    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server, self.random = server, random.Random(seed)
        self.is_over, self.failure = threading.Event(), None
        self.version, self.number = 0, 0
        self.a, self.b = {}, {}
        self.row_history, self.change_history = collections.defaultdict(list), []
        self.psql = None
        server.query(SCHEMA)
        for _ in range(20):
            self.write()

    def run(self):
        try:
            while not self.is_over.is_set():
                self.write()
                time.sleep(self.random.uniform(0, 0.02))
        except (Problem, OSError) as error:
            self.failure = error

    def end(self):
        self.is_over.set()
        self.join()
        if self.failure:
            raise self.failure

    def write(self):
        transaction = Transaction(self)
        if self.random.random() < 0.1:
            self.send(f"BEGIN; {'; '.join(transaction.statements)}; ROLLBACK;")
            return
        number = self.number + 1
        statements = [*transaction.statements, f"UPDATE progress SET n = {number}"]
        while not self.send(f"BEGIN; {'; '.join(statements)}; COMMIT;"):
            # Nobody knows whether a transaction was committed whose answer did not come.
            if self.committed() == number:
                break
        self.number, self.a, self.b = number, transaction.a, transaction.b
        for key, row in transaction.row_events:
            self.row_history[key].append((number, row))
        self.change_history += transaction.change_events

    def committed(self):
        while True:
            try:
                return int(self.server.query("SELECT n FROM progress")[0][0])
            except Problem:
                time.sleep(0.05)

    def send(self, statements):
        """Returns whether the server has answered."""
        if self.psql is None or self.psql.poll() is not None:
            self.psql = subprocess.Popen(
                self.server.psql(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            self.psql.stdin.write(f"{statements}\n\\echo done\n")
            self.psql.stdin.flush()
        except OSError:
            pass
        if self.psql.stdout.readline() == "done\n":
            return True
        self.psql.kill()
        self.psql.wait()
        return False

    def problem(self, broker):
        """Says what is not as it has to be, or not yet; `None` if all is."""
        rows = broker.records(ROWS_TOPIC)
        return (self.problem_of_rows(rows) or self.problem_of_changes(broker.records(CHANGES_TOPIC))
                or self.problem_of_sink(rows))

    def problem_of_rows(self, records):
        read, streamed = {}, collections.defaultdict(list)
        for record in records:
            key, row = json.loads(record["key"])["k"], row_of(record)
            if record["headers"]["op"] != "r":
                streamed[key].append(row)
            elif key in read or streamed[key]:
                return f"the row {key} is read twice, or after its changes"
            else:
                read[key] = row
        last_missing, first_streamed = 0, self.number + 1
        for key, history in self.row_history.items():
            events = [row for _, row in history]
            begin = len(events) - len(streamed[key])
            if begin < 0 or events[begin:] != streamed[key]:
                return f"the row {key} has the changes {brief(streamed[key])} in the topic, not {brief(events)}"
            if begin > 0:
                last_missing = max(last_missing, history[begin - 1][0])
            if begin < len(events):
                first_streamed = min(first_streamed, history[begin][0])
            if key in read and read[key] not in events[max(0, begin - 1):]:
                return f"the row {key} was read as {brief([read[key]])} before the changes {brief(streamed[key])}"
            if begin > 0 and events[begin - 1] and key not in read and None not in streamed[key]:
                return f"the row {key} was not read before the changes {brief(streamed[key])}"
            last = streamed[key][-1] if streamed[key] else read.get(key)
            if last != self.a.get(key):
                return f"the topic ends with {brief([last])} for the row {key}, and the table has {brief([self.a.get(key)])}"
        if last_missing >= first_streamed:
            return f"the stream has changes of transaction {first_streamed} and lacks some of transaction {last_missing}"
        if streamed.keys() - self.row_history.keys():
            return "the topic has rows that were never there"
        return None

    def problem_of_changes(self, records):
        events = []
        for record in records:
            key = json.loads(record["key"]).get("k")
            if record.get("payload") is None:
                events.append((None, key, None))
                continue
            change = json.loads(record["payload"])
            if change["op"] != "r":
                events.append((change["op"], key, (change["after"] or {}).get("v")))
        begin = len(self.change_history) - len(events)
        if begin < 0 or self.change_history[begin:] != events:
            place = next((index for index, pair in enumerate(zip(reversed(events), reversed(self.change_history)))
                          if pair[0] != pair[1]), 0)
            return (f"the topic of changes has {len(events)} of {len(self.change_history)}, and they differ {place} before the end: "
                    f"{events[len(events) - place - 2:][:4]}, not {self.change_history[len(self.change_history) - place - 2:][:4]}")
        if not events:
            return "the topic of changes is empty"
        return None

    def problem_of_sink(self, records):
        differences = self.server.query(
            "SELECT * FROM (TABLE a EXCEPT ALL TABLE target) x UNION ALL SELECT * FROM (TABLE target EXCEPT ALL TABLE a) y")
        if differences:
            return f"the sink's table differs from the source's in {len(differences)} rows, such as {differences[0][:2]}"
        topic, written = collections.defaultdict(list), collections.defaultdict(list)
        for record in records:
            row = row_of(record)
            topic[json.loads(record["key"])["k"]].append(row and row[0])
        for key, version in self.server.query("SELECT k, v FROM written ORDER BY id"):
            written[int(key)].append(int(version) if version else None)
        for key, versions in written.items():
            rest = iter(topic[key])
            if not all(version in rest for version in versions):
                return f"the sink has written {versions[-20:]} into the row {key}, and the topic has {topic[key][-20:]}"
        return None

    def written_count(self):
        return int(self.server.query("SELECT count(*) FROM written")[0][0])

    def summary(self):
        return f"{self.number} transactions"


def row_of(record):
    if record.get("payload") is None:
        return None
    row = json.loads(record["payload"])
    return row["v"], row["large"]


def brief(rows):
    return [row and row[0] for row in rows][-20:]
