import MillraceConnect
import MillracePostgres
import PostgresClient
import Servers
import Synchronization
import Testing

@Suite("Kills of PostgreSQL", .serialized, .timeLimit(.minutes(30)))
struct KillTests {
    /// Counts one of ten rows up in transactions of different sizes, until it is told to end or the server is away.
    private static func write(_ server: TestPostgres, _ database: String, isEnded: borrowing Atomic<Bool>, seed: Int) {
        guard let connection = try? server.connect(to: database) else { return }
        var number = seed
        while !isEnded.load(ordering: .relaxed) {
            number += 1
            let count = number % 7 == 0 ? 40 : 1 + number % 3
            let updates = (0..<count).map { "UPDATE t SET v = v + 1 WHERE k = \((number + $0) % 10)" }
            guard (try? connection.run("BEGIN; \(updates.joined(separator: "; ")); COMMIT")) != nil else { return }
        }
    }

    @Test(
        "a source whose server is killed and whose reader is dropped, twenty times: each change arrives once and in order"
    )
    func source() async throws {
        let server = try TestPostgres()
        let database = try Database(server)
        try database.run(
            """
            CREATE TABLE t (k int PRIMARY KEY, v int, large text); ALTER TABLE t REPLICA IDENTITY FULL;
            ALTER TABLE t ALTER large SET STORAGE EXTERNAL;
            INSERT INTO t SELECT k, 0, repeat(k::text, 3000) FROM generate_series(0, 9) k
            """)
        var configuration = database.source("t")
        configuration.splitCount = 10
        let topics = Topics(configuration)
        try topics.begin()
        for seed in 0..<20 {
            var random = SeededChoice(seed)
            let isEnded = Box()
            let name = database.name
            let writer = Task.detached { Self.write(server, name, isEnded: isEnded.value, seed: seed * 100) }
            let killAt = 2 + random.below(12)
            for step in 0..<16 {
                do {
                    if try topics.read(1 + random.below(20)), random.below(3) > 0 { try topics.commit() }
                } catch let error as ConnectorError where error.kind == .temporary { topics.drop() }
                if random.below(4) == 0 { topics.drop() }
                if step == killAt {
                    server.process.kill()
                    try server.process.start()
                }
            }
            isEnded.value.store(true, ordering: .relaxed)
            await writer.value
            let rows = try server.connect(to: database.name).run("SELECT k, v, large FROM t").texts
            var expected: [String: String] = [:]
            for row in rows {
                expected[#"{"k":\#(row[0] ?? "")}"#] =
                    #"{"k":\#(row[0] ?? ""),"v":\#(row[1] ?? ""),"large":"\#(row[2] ?? "")"}"#
            }
            while topics.table != expected {
                do {
                    try topics.read()
                    try topics.commit()
                } catch let error as ConnectorError where error.kind == .temporary { topics.drop() }
            }
            // Every value of a row is there once: 0, 1, 2 and so on.
            for row in rows {
                let key = #"{"k":\#(row[0] ?? "")}"#
                let values = topics.records.filter { $0.keyText == key }.compactMap { record in
                    record.valueText?.split(separator: ",").dropFirst().first.flatMap { Int($0.dropFirst(4)) }
                }
                let last = row[1].flatMap { Int($0) } ?? -1
                #expect(values == Array(0...max(0, last)), "seed \(seed), row \(key)")
            }
        }
        topics.drop()
    }

    @Test("a sink whose server is killed and whose writer is dropped, twenty times: each record is written once")
    func sink() throws {
        let server = try TestPostgres()
        let database = try Database(server)
        try database.run(
            """
            CREATE TABLE t (k int PRIMARY KEY, v int); CREATE TABLE log (k int, v int);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (new.k, new.v); RETURN new; END';
            CREATE TRIGGER note AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note();
            """)
        let partition = SinkTests.partition
        let sink = PostgresSink(
            PostgresSinkConfiguration(server: database.address, name: "sink", topics: ["in"], table: "t"))
        var zombies: [any SinkWriter] = []
        var written = 0
        for seed in 0..<20 {
            var random = SeededChoice(seed)
            let killAt = random.below(8)
            let goal = written + 400
            var writer: (any SinkWriter)?
            var (next, step) = (0, 0)
            // A connection may outlive the server's first process for a while, and even commit.
            var isKilled = false
            while true {
                do {
                    if writer == nil {
                        let new = try sink.open()
                        writer = new
                        next = Int(try new.begin([partition])[partition] ?? 0)
                        #expect(next >= written)
                        written = next
                    }
                    if next == goal { break }
                    let end = min(goal, next + 1 + random.below(50))
                    let records = (next..<end).map { number in
                        SinkRecord(
                            partition: partition, offset: Int64(number), key: Array("\(number % 50)".utf8),
                            value: Array("{\"v\":\(number)}".utf8))
                    }
                    #expect(try writer?.write(records).isEmpty == true)
                    step += 1
                    if step == killAt {
                        server.process.kill()
                        isKilled = true
                    }
                    try writer?.commit([partition: Int64(end)])
                    (next, written) = (end, end)
                    if random.below(8) == 0, let old = writer {
                        // It goes on as a zombie.
                        zombies.append(old)
                        writer = nil
                    }
                } catch let error as ConnectorError where error.kind == .temporary {
                    writer?.close()
                    writer = nil
                    if isKilled {
                        try server.process.start()
                        isKilled = false
                    }
                }
                if writer != nil, let zombie = zombies.last, random.below(3) == 0 {
                    zombies.removeLast()
                    let old = SinkRecord(
                        partition: partition, offset: 0, key: Array("0".utf8), value: Array(#"{"v":-1}"#.utf8))
                    _ = try? zombie.write([old])
                    #expect(throws: ConnectorError.self) { try zombie.commit([partition: 1]) }
                    zombie.close()
                }
            }
            writer?.close()
            if isKilled { try server.process.start() }
            let connection = try server.connect(to: database.name)
            let log = try connection.run("SELECT count(*), count(DISTINCT v), min(v), max(v) FROM log").texts
            #expect(log == [["\(goal)", "\(goal)", "0", "\(goal - 1)"]], "seed \(seed)")
            let rows = try connection.run("SELECT count(*), min(v), max(v) FROM t").texts
            #expect(rows == [["50", "\(goal - 50)", "\(goal - 1)"]], "seed \(seed)")
        }
    }
    @Test("a sink whose server is killed around the checks at the end of a transaction writes or refuses each row once")
    func deferredChecks() throws {
        let server = try TestPostgres()
        let database = try Database(server)
        try database.run(
            """
            CREATE TABLE t (k int PRIMARY KEY, p int REFERENCES t DEFERRABLE INITIALLY DEFERRED); CREATE TABLE log (k int);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (new.k); RETURN new; END';
            CREATE TRIGGER note AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note();
            """)
        let partition = SinkTests.partition
        let sink = PostgresSink(
            PostgresSinkConfiguration(server: database.address, name: "sink", topics: ["in"], table: "t"))
        var random = SeededChoice(4)
        let goal = 700
        var letters: Set<Int64> = []
        var writer: (any SinkWriter)?
        var (next, step, isKilled) = (0, 0, false)
        func kill() {
            server.process.kill()
            isKilled = true
        }
        while next < goal {
            do {
                if writer == nil {
                    let new = try sink.open()
                    writer = new
                    next = Int(try new.begin([partition])[partition] ?? 0)
                    if next >= goal { break }
                }
                let end = min(goal, next + 7 * (1 + random.below(5)))
                let records = (next..<end).map { number in
                    // Of seven rows one refers to nothing, and one to the next.
                    let value = number % 7 == 3 ? #"{"p":-1}"# : number % 7 == 1 ? "{\"p\":\(number + 1)}" : "{}"
                    return SinkRecord(
                        partition: partition, offset: Int64(number), key: Array("\(number)".utf8),
                        value: Array(value.utf8))
                }
                var refused = try writer?.write(records) ?? []
                step += 1
                let killAt = step % 6 == 0 ? random.below(2) : -1
                if killAt == 0 { kill() }
                refused += try writer?.finish() ?? []
                letters.formUnion(refused.map(\.record.offset))
                if killAt == 1 { kill() }
                try writer?.commit([partition: Int64(end)])
                next = end
            } catch let error as ConnectorError where error.kind == .temporary {
                writer?.close()
                writer = nil
                if isKilled { try server.process.start() }
                isKilled = false
            }
        }
        writer?.close()
        if isKilled { try server.process.start() }
        let connection = try server.connect(to: database.name)
        let log = try connection.run("SELECT k FROM log ORDER BY k").texts
        #expect(log == (0..<goal).filter { $0 % 7 != 3 }.map { ["\($0)"] })
        #expect(try connection.run("SELECT k FROM t ORDER BY k").texts == log)
        #expect(letters == Set((0..<Int64(goal)).filter { $0 % 7 == 3 }))
    }
}

/// A flag that tasks share.
private final class Box: Sendable {
    let value = Atomic(false)
}

/// Small numbers from a seed.
private struct SeededChoice {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1 }

    /// A number from 0 up to but excluding a bound.
    mutating func below(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 33) % max(1, bound)
    }
}
