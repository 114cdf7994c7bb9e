import Foundation
import RocksDB
import Testing

@Suite("What survives")
struct DurabilityTests {
    let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    @Test("closing a database flushes it, and so does releasing it")
    func reopen() throws {
        do {
            let database = try Database(path: directory("db"))
            try database.put("1", "closed")
            try database.close()
        }
        do {
            let database = try Database(path: directory("db"))
            try database.put("2", "released")
        }
        let database = try Database(path: directory("db"))
        #expect(try database.get("closed") == "1")
        #expect(try database.get("released") == "2")
    }

    @Test("unflushed writes are lost on close if the options say so")
    func withoutFlush() throws {
        var options = DatabaseOptions()
        options.flushesOnClose = false
        let database = try Database(path: directory("db"), options: options)
        try database.put("1", "flushed")
        try database.flush()
        try database.put("2", "not flushed")
        try database.close()
        #expect(try Database(path: directory("db")).keys() == ["flushed"])
    }

    @Test("a process that is killed after a flush loses only unflushed writes")
    func killed() async throws {
        let path = directory("db")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let database = try Database(path: path)
            try database.put("1", "flushed")
            try database.flush()
            try database.put("2", "not flushed")
            kill(getpid(), SIGKILL)
        }
        #expect(try Database(path: path).keys() == ["flushed"])
    }

    @Test("with RocksDB's log on, a killed process loses nothing", arguments: [true, false])
    func killedWithLog(synced: Bool) async throws {
        let path = directory("db")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, synced = synced as Bool] in
            var options = DatabaseOptions()
            options.writeAheadLog = synced ? .synced : .buffered
            let database = try Database(path: path, options: options)
            try database.put("1", "logged")
            kill(getpid(), SIGKILL)
        }
        #expect(try Database(path: path).keys() == ["logged"])
    }

    @Test("a process killed among background flushes leaves whole batches, and no batch without the earlier ones")
    func killedAmongFlushes() async throws {
        let path = directory("db")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            var options = DatabaseOptions()
            options.writeBufferSizeInBytes = 64 << 10
            let database = try Database(path: path, options: options)
            var batch = WriteBatch()
            let padding = String(repeating: "x", count: 500)
            for position in 0..<5_000 {
                batch.clear()
                batch.put("\(position)", "state")
                batch.put(padding, "entry-\(position % 50)")
                batch.put("\(position)", "position")
                batch.put("\(position)", "last-\(position % 50)")
                try database.write(batch)
            }
            kill(getpid(), SIGKILL)
        }
        let database = try Database(path: path)
        let position = try #require(try database.get("position"))
        #expect(try database.get("state") == position)
        let reached = try #require(Int(position))
        for earlier in max(0, reached - 49)...reached {
            #expect(try database.get("last-\(earlier % 50)") == "\(earlier)")
        }
    }

    @Test("a checkpoint opens as a separate database, includes unflushed writes, and stays unchanged")
    func checkpoint() throws {
        let database = try Database(path: directory("db"))
        try database.put("1", "flushed")
        try database.flush()
        try database.put("2", "in memory")
        try database.checkpoint(to: directory("copy"))
        try database.put("3", "later")
        let copy = try Database(path: directory("copy"))
        #expect(try copy.keys() == ["flushed", "in memory"])
        #expect(failure { try database.checkpoint(to: directory("copy")) }?.code == .invalidArgument)
    }

    @Test("destroying removes the files, and is refused while the database is open")
    func destroy() throws {
        let path = directory("db")
        let database = try Database(path: path)
        try database.put("v", "k")
        #expect(failure { try Database.destroy(path: path) }?.code == .locked)
        try database.close()
        try Database.destroy(path: path)
        #expect(!FileManager.default.fileExists(atPath: path))
        try Database.destroy(path: path)
        #expect(try Database(path: path).keys() == [])
    }

    @Test("compaction removes deleted entries, and keeps the rest")
    func compaction() throws {
        let database = try Database(path: directory("db"))
        for index in 100..<200 { try database.put("v", "\(index)") }
        try database.flush()
        for index in 100..<199 { try database.delete("\(index)") }
        try database.compactRange()
        #expect(try database.keys() == ["199"])
        #expect(try database.approximateKeyCount() == 1)
    }
}
