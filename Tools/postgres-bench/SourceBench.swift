import Foundation
import MillraceConnect
import MillracePostgres

/// The source beside pg_recvlogical: each reads the same part of the log from a slot of its own.
struct SourceBench {
    private let server: BenchServer
    private let rows: Int
    private let transaction: Int
    private let turns: Int

    init(_ server: BenchServer, rows: Int, transaction: Int, turns: Int) {
        (self.server, self.rows, self.transaction, self.turns) = (server, rows, transaction, turns)
    }

    func run() throws {
        try server.query(
            "CREATE TABLE bench (k int8 PRIMARY KEY, name varchar(40), amount numeric(12, 2), at timestamptz, flag bool)"
        )
        try server.query("CREATE PUBLICATION bench FOR TABLE bench")
        for turn in 0..<turns {
            for name in ["own", "peer"] {
                try server.query("SELECT pg_create_logical_replication_slot('\(name)_\(turn)', 'pgoutput')")
            }
        }
        try write(rows, by: transaction)
        let end = try server.query("SELECT pg_current_wal_insert_lsn()")
        var own: [Double] = []
        var peer: [Double] = []
        for turn in 0..<turns {
            peer.append(try readWithPeer("peer_\(turn)", until: end))
            own.append(try read("own_\(turn)", rows))
        }
        report("pg_recvlogical", rows, peer)
        report("source", rows, own)
        reportRatio("source", own, peer)
        try server.query("SELECT pg_create_logical_replication_slot('burst', 'pgoutput')")
        try server.query("TRUNCATE bench")
        try write(rows, by: rows)
        report("source, one transaction", rows, [try read("burst", rows)])
    }

    private func write(_ count: Int, by size: Int) throws {
        try server.query(
            """
            DO $$ BEGIN FOR i IN 0..\((count + size - 1) / size - 1) LOOP
            INSERT INTO bench SELECT i::int8 * \(size) + n, 'name of ' || n, n * 1.25, '2026-01-01'::timestamptz + n * interval '1 second', n % 2 = 0
            FROM generate_series(1, \(size)) n; COMMIT; END LOOP; END $$
            """)
    }

    private func readWithPeer(_ slot: String, until end: String) throws -> Double {
        let file = server.folder.appending(path: slot).path
        return try seconds {
            try server.run(
                "pg_recvlogical",
                [
                    "--slot", slot, "--start", "--endpos", end, "--no-loop", "-o", "proto_version=1", "-o",
                    "publication_names=bench", "-f", file,
                ])
        }
    }

    private func read(_ slot: String, _ count: Int) throws -> Double {
        var configuration = PostgresSourceConfiguration(server: server.address, tables: ["bench"], slot: slot)
        configuration.publication = "bench"
        configuration.readsSnapshot = false
        configuration.onTruncate = .skip
        let source = PostgresSource(configuration)
        var found = 0
        let time = try seconds {
            let reader = try source.open(slot, from: nil)
            while found < count {
                let batch = try reader.read(1_000, withinMs: 1_000)
                found += batch.records.count
                if let position = batch.position { try reader.committed(position) }
            }
            reader.close()
        }
        return time
    }
}
