import RocksDB
import Testing

@Suite("Statistics")
struct StatisticsTests {
    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    @Test("two databases count hits and misses of the cache, and what flushes write, in one place")
    func counts() throws {
        let statistics = Statistics()
        var options = DatabaseOptions()
        options.statistics = statistics
        options.sharedMemory = try SharedMemory(blockCacheSizeInBytes: 16 << 20, writeBufferSizeInBytes: 0)
        for name in ["a", "b"] {
            let missesBefore = statistics.count(of: .blockCacheMiss)
            let database = try Database(path: directory(name), options: options)
            for index in 0..<100 { try database.put("value", "\(index)") }
            try database.flush()
            let hitsBefore = statistics.count(of: .blockCacheHit)
            for _ in 0..<3 { _ = try database.keys() }
            #expect(statistics.count(of: .blockCacheMiss) > missesBefore)
            #expect(statistics.count(of: .blockCacheHit) > hitsBefore)
            try database.close()
        }
        #expect(statistics.count(of: .flushedBytes) > 0)
        for event in Statistics.Event.allCases { #expect(statistics.count(of: event) >= 0) }
    }

    @Test("a database without statistics counts nothing")
    func none() throws {
        let statistics = Statistics()
        let database = try Database(path: directory("a"))
        try database.put("value", "key")
        try database.flush()
        #expect(statistics.count(of: .flushedBytes) == 0)
    }
}
