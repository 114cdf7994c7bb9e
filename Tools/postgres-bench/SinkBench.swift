import Foundation
import Millrace
import MillraceConnect
import MillracePostgres

/// The sink beside psql: each writes the same rows into a table of its own. For keys that are there already, psql copies into a temporary table and
/// inserts from it, 10,000 rows at a time, as the sink does.
struct SinkBench {
    private let server: BenchServer
    private let rows: Int
    private let turns: Int
    private static let columns =
        "k int8 PRIMARY KEY, name varchar(40), amount numeric(12, 2), at timestamptz, flag bool"

    init(_ server: BenchServer, rows: Int, turns: Int) { (self.server, self.rows, self.turns) = (server, rows, turns) }

    func run() throws {
        let file = server.folder.appending(path: "rows").path
        try writeFile(file)
        var own: [Double] = []
        var again: [Double] = []
        var peer: [Double] = []
        var peerAgain: [Double] = []
        let merge = try writeMerge()
        for turn in 0..<turns {
            try server.query("CREATE TABLE peer_\(turn) (\(Self.columns)); CREATE TABLE own_\(turn) (\(Self.columns))")
            peer.append(
                try seconds {
                    try server.run("psql", ["-X", "-q", "-c", "\\copy peer_\(turn) FROM '\(file)'"])
                })
            own.append(try write("own_\(turn)", from: 0))
            peerAgain.append(
                try seconds {
                    try server.run("psql", ["-X", "-q", "-v", "table=peer_\(turn)", "-f", merge])
                })
            again.append(try write("own_\(turn)", from: Int64(rows)))
            try server.query("DROP TABLE peer_\(turn); DROP TABLE own_\(turn)")
        }
        report("psql COPY", rows, peer)
        report("sink, new keys", rows, own)
        reportRatio("sink, new keys", own, peer)
        report("psql COPY and INSERT ... ON CONFLICT", rows, peerAgain)
        report("sink, old keys", rows, again)
        reportRatio("sink, old keys", again, peerAgain)
        reportRatio("sink, old keys beside COPY of new ones", again, peer)
    }

    /// Writes the statements of psql for keys that are there already, and their rows.
    private func writeMerge() throws -> String {
        var script = "CREATE TEMP TABLE staging ON COMMIT DELETE ROWS AS TABLE :table WITH NO DATA;\n"
        for (number, start) in stride(from: 0, to: rows, by: 10_000).enumerated() {
            let file = server.folder.appending(path: "rows.\(number)").path
            let lines = (start..<min(rows, start + 10_000)).map(Self.line)
            try Data(lines.joined().utf8).write(to: URL(filePath: file))
            script += """
                BEGIN;
                \\copy staging FROM '\(file)'
                INSERT INTO :table SELECT DISTINCT ON (k) * FROM staging ORDER BY k
                ON CONFLICT (k) DO UPDATE SET name = excluded.name, amount = excluded.amount, at = excluded.at, flag = excluded.flag;
                COMMIT;

                """
        }
        let file = server.folder.appending(path: "merge.sql").path
        try Data(script.utf8).write(to: URL(filePath: file))
        return file
    }

    private static func line(_ number: Int) -> String {
        "\(number)\tname of \(number)\t\(number).25\t2026-01-01 00:00:\(10 + number % 50)+00\t\(number % 2 == 0 ? "t" : "f")\n"
    }

    private func writeFile(_ file: String) throws {
        try Data().write(to: URL(filePath: file))
        let handle = try FileHandle(forWritingTo: URL(filePath: file))
        for start in stride(from: 0, to: rows, by: 10_000) {
            let lines = (start..<min(rows, start + 10_000)).map(Self.line)
            try handle.write(contentsOf: Data(lines.joined().utf8))
        }
        try handle.close()
    }

    /// Makes the records of a batch, as a worker hands them over.
    private func records(_ range: Range<Int>, from offset: Int64) -> [SinkRecord] {
        range.map { number in
            SinkRecord(
                partition: TopicPartition(topic: "bench", partition: 0), offset: offset + Int64(number),
                key: Array("{\"k\":\(number)}".utf8),
                value: Array(
                    "{\"k\":\(number),\"name\":\"name of \(number)\",\"amount\":\(number).25,\"at\":\"2026-01-01T00:00:\(10 + number % 50)Z\",\"flag\":\(number % 2 == 0)}"
                        .utf8))
        }
    }

    /// Writes all rows, and commits as often as a worker does. The making of the records is not counted: the clock stands still only
    /// after a commit, when the server has nothing to do.
    private func write(_ table: String, from offset: Int64) throws -> Double {
        let sink = PostgresSink(
            PostgresSinkConfiguration(server: server.address, name: table, topics: ["bench"], table: table))
        let writer = try sink.open()
        defer { writer.close() }
        let partition = TopicPartition(topic: "bench", partition: 0)
        _ = try writer.begin([partition])
        var time = 0.0
        for start in stride(from: 0, to: rows, by: 100_000) {
            let end = min(rows, start + 100_000)
            let batches = stride(from: start, to: end, by: 10_000).map {
                records($0..<min(end, $0 + 10_000), from: offset)
            }
            time += try seconds {
                var refused: [RefusedSinkRecord] = []
                for batch in batches { refused += try writer.write(batch) }
                refused += try writer.finish()
                if let first = refused.first { throw BenchServer.Failure(description: first.reason) }
                try writer.commit([partition: offset + Int64(end)])
            }
        }
        return time
    }
}
