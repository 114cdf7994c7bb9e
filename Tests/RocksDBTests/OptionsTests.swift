import RocksDB
import Testing

@Suite("Options")
struct OptionsTests {
    let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    @Test("all problems of the options are reported at once")
    func problems() {
        var options = DatabaseOptions()
        #expect(options.problems == [])
        options.blockSizeInBytes = 0
        options.maxWriteBuffers = 1
        options.maxOpenFiles = .max
        options.bloomFilterBitsPerKey = .nan
        #expect(options.problems.count == 4)
        let error = failure { _ = try Database(path: directory("db"), options: options) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("maxWriteBuffers is 1, must be at least 2") == true)
    }

    @Test("each compression either works or is refused with a reason", arguments: DatabaseOptions.Compression.allCases)
    func compression(_ compression: DatabaseOptions.Compression) throws {
        var options = DatabaseOptions()
        options.compression = compression
        options.compactionStyle = .level
        do {
            let database = try Database(path: directory("db"), options: options)
            let value = String(repeating: "same ", count: 10_000)
            try database.put(value, "k")
            try database.flush()
            #expect(try database.get("k") == value)
        } catch let error as RocksDBError {
            #expect(compression != .none)
            #expect(error.code == .invalidArgument, "\(error)")
        }
    }

    @Test("raw options come last and leave the typed ones unchanged")
    func rawOptions() throws {
        let memory = try SharedMemory(blockCacheSizeInBytes: 32 << 20, writeBufferSizeInBytes: 32 << 20)
        var options = DatabaseOptions()
        options.sharedMemory = memory
        options.flushesOnClose = false
        options.rawOptions = "write_buffer_size=131072;max_subcompactions=2"
        let database = try Database(path: directory("db"), options: options)
        let before = memory.writeBufferUsageInBytes
        try database.put(String(repeating: "x", count: 50_000), "k")
        #expect(memory.writeBufferUsageInBytes > before)
        for index in 0..<20 { try database.put(String(repeating: "x", count: 20_000), "\(index)") }
        // The writes fill buffers of 128 KiB three times, but none of 16 MiB.
        let deadline = ContinuousClock.now + .seconds(30)
        func hasFlushed() throws -> Bool { try database.property("rocksdb.num-files-at-level0") != "0" }
        while try !hasFlushed(), ContinuousClock.now < deadline {}
        #expect(try hasFlushed())
        try database.put("lost", "lost")
        try database.close()
        #expect(try Database(path: directory("db")).get("lost") == nil)
    }

    @Test("raw options that RocksDB does not know are refused", arguments: ["no_such_option=1", "block_size=many"])
    func wrongRawOptions(raw: String) {
        var options = DatabaseOptions()
        options.rawOptions = raw
        #expect(failure { _ = try Database(path: directory("db"), options: options) }?.code == .invalidArgument)
    }

    @Test("properties are read by name, and an unknown one is nil")
    func properties() throws {
        let database = try Database(path: directory("db"))
        for index in 0..<100 { try database.put("v", "\(index)") }
        #expect(try database.property("rocksdb.stats")?.isEmpty == false)
        #expect(try database.property("rocksdb.unknown") == nil)
        #expect(try database.integerProperty("rocksdb.unknown") == nil)
        #expect(try database.approximateKeyCount() == 100)
    }
}
