import RocksDB
import Testing

@Suite("Shared memory")
struct SharedMemoryTests {
    let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    private func open(_ name: String, _ memory: SharedMemory) throws -> Database {
        var options = DatabaseOptions()
        options.sharedMemory = memory
        return try Database(path: directory(name), options: options)
    }

    private func fill(_ database: Database, entries: Int) throws {
        let value = String(repeating: "v", count: 1_000)
        for index in 0..<entries { try database.put(value, "\(index)") }
    }

    @Test("two databases fill one block cache")
    func oneCache() throws {
        let memory = try SharedMemory(
            blockCacheSizeInBytes: 16 << 20, writeBufferSizeInBytes: 0, chargesWriteBuffersToCache: false)
        var usage = memory.blockCacheUsageInBytes
        for name in ["a", "b"] {
            let database = try open(name, memory)
            try fill(database, entries: 500)
            try database.flush()
            _ = try database.keys()
            #expect(memory.blockCacheUsageInBytes > usage + 400_000)
            usage = memory.blockCacheUsageInBytes
        }
    }

    @Test("memtables of two databases have one limit: the one written to is flushed early")
    func oneLimit() async throws {
        let memory = try SharedMemory(blockCacheSizeInBytes: 32 << 20, writeBufferSizeInBytes: 8 << 20)
        let (first, second) = (try open("a", memory), try open("b", memory))
        try fill(first, entries: 4_000)
        #expect(memory.writeBufferUsageInBytes > 3_000_000)
        #expect(memory.blockCacheUsageInBytes > 3_000_000)
        for _ in 0..<3 {
            try fill(second, entries: 4_000)
        }
        try await flushed(second)
        // The databases' buffers of 16 MiB were never full.
        #expect(memory.writeBufferUsageInBytes < 12_000_000)
        #expect(try second.integerProperty("rocksdb.cur-size-all-mem-tables") ?? 0 < 10_000_000)
        let files = try directory.files(of: "b", suffix: ".sst").count
        #expect(files > 0)
    }

    /// Waits until RocksDB's threads have finished their flushes.
    private func flushed(_ database: Database) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try ["mem-table-flush-pending", "num-running-flushes"].contains(where: {
            try database.integerProperty("rocksdb.\($0)") != 0
        }) {
            try #require(ContinuousClock.now < deadline, "the memtables were not flushed in time")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("the budget may be released before the databases that use it")
    func outlived() throws {
        var memory: SharedMemory? = try SharedMemory(blockCacheSizeInBytes: 4 << 20, writeBufferSizeInBytes: 1 << 20)
        let database = try open("db", try #require(memory))
        memory = nil
        try fill(database, entries: 2_000)
        #expect(try database.keys().count == 2_000)
    }

    @Test("impossible sizes are refused")
    func refused() {
        #expect(
            failure { _ = try SharedMemory(blockCacheSizeInBytes: -1, writeBufferSizeInBytes: 0) }?.code
                == .invalidArgument)
        #expect(
            failure { _ = try SharedMemory(blockCacheSizeInBytes: 1 << 20, writeBufferSizeInBytes: 2 << 20) }?.code
                == .invalidArgument)
    }
}
