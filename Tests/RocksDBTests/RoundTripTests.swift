import Dispatch
import Foundation
import RocksDB
import Synchronization
import Testing

@Suite("Reading and writing")
struct RoundTripTests {
    let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    @Test("a missing key is nil, an empty value is empty")
    func emptyValue() throws {
        let database = try Database(path: directory("db"))
        #expect(try database.get("k") == nil)
        try database.put("", "k")
        #expect(try database.get("k") == "")
        try database.delete("k")
        #expect(try database.get("k") == nil)
    }

    @Test("the empty key is a key")
    func emptyKey() throws {
        let database = try Database(path: directory("db"))
        try database.put("v", "")
        #expect(try database.get("") == "v")
        #expect(try database.keys() == [""])
    }

    @Test("keys and values of any bytes are read as written, from memory and from a file")
    func binary() throws {
        let database = try Database(path: directory("db"))
        let all = Array(UInt8.min...UInt8.max)
        let keys: [[UInt8]] = [[0], [0, 0], [0, 255], all, [255], [255, 255]]
        for key in keys { try database.put(all + key, key) }
        for _ in 0..<2 {
            for key in keys { #expect(try database.get(key) == all + key) }
            try database.flush()
        }
    }

    @Test("a read that is to use memory only finds what is in a memtable or in the cache, and no more")
    func memoryOnly() throws {
        func value(_ key: String, in database: Database) throws -> String?? {
            var found: String??
            let isFound = try bytes(key).withUnsafeBytes { key in
                try database.withValueInMemory(forKey: key) { value in
                    found = .some(value.map { String(decoding: $0, as: UTF8.self) })
                }
            }
            #expect(isFound == (found != nil))
            return found
        }
        do {
            let database = try Database(path: directory("db"))
            try database.put("v", "k")
            #expect(try value("k", in: database) == .some("v"))
            #expect(try value("none", in: database) == .some(nil))
            try database.flush()
            try database.close()
        }
        let database = try Database(path: directory("db"))
        #expect(try value("k", in: database) == nil)
        #expect(try database.get("k") == "v")
        #expect(try value("k", in: database) == .some("v"))
        try database.close()
        #expect(throws: RocksDBError.self) { _ = try value("k", in: database) }
    }

    @Test("a write replaces the value, and deleting an unknown key is no error")
    func overwrite() throws {
        let database = try Database(path: directory("db"))
        try database.put("1", "k")
        try database.put("2", "k")
        try database.delete("unknown")
        #expect(try database.get("k") == "2")
    }

    @Test("an error thrown while reading a value passes through, and the value is released")
    func throwingBody() throws {
        struct Refused: Error {}
        let database = try Database(path: directory("db"))
        try database.put("v", "k")
        try database.flush()
        #expect(throws: Refused.self) {
            try bytes("k").withUnsafeBytes { key in
                try database.withValue(forKey: key) { value in
                    if value != nil { throw Refused() }
                }
            }
        }
        try database.close()
        #expect(try Database(path: directory("db")).get("k") == "v")
    }

    @Test("several keys are read at once, in order, with nil for a missing one")
    func multiGet() throws {
        let database = try Database(path: directory("db"))
        try database.put("1", "a")
        try database.put("", "b")
        try database.flush()
        try database.put("3", "c")
        let text = bytes("cxabc")
        var seen: [String?] = []
        try text.withUnsafeBytes { text in
            let keys = text.indices.map { UnsafeRawBufferPointer(rebasing: text[$0..<$0 + 1]) }
            try database.withValues(forKeys: keys) { index, value in
                #expect(index == seen.count)
                seen.append(value.map { String(decoding: $0, as: UTF8.self) })
            }
            try database.withValues(forKeys: []) { _, _ in Issue.record("there is no key") }
        }
        #expect(seen == ["3", nil, "1", "", "3"])
    }

    @Test("a snapshot keeps its view, also through an iterator, and after the database was closed")
    func snapshot() throws {
        let database = try Database(path: directory("db"))
        try database.put("old", "k")
        let snapshot = try database.snapshot()
        try database.put("new", "k")
        try database.put("new", "l")
        try database.compactRange()
        #expect(try snapshot.get("k") == "old")
        #expect(try snapshot.get("l") == nil)
        #expect(try database.get("k") == "new")
        var iterator = snapshot.iterator()
        #expect(try iterator.forward() == ["k"])
        try database.close()
        #expect(try snapshot.get("k") == "old")
    }

    @Test("a closed database reports that it is closed, and closing it again does nothing")
    func closed() throws {
        let database = try Database(path: directory("db"))
        try database.close()
        try database.close()
        #expect(failure { try database.put("v", "k") }?.code == .closed)
        #expect(failure { _ = try database.get("k") }?.code == .closed)
        #expect(failure { try database.flush() }?.code == .closed)
        #expect(failure { _ = try database.iterator() }?.code == .closed)
    }

    @Test("reads throw a typed error if the closure throws none")
    func typed() throws(RocksDBError) {
        let database = try Database(path: directory("db"))
        let key = UnsafeRawBufferPointer(start: nil, count: 0)
        try database.put(key, forKey: key)
        let count = try database.withValue(forKey: key) { $0?.count }
        #expect(count == 0)
    }

    @Test("a database may be closed while other threads use it: they get the error that it is closed")
    func concurrentClose() throws {
        let database = try Database(path: directory("db"))
        let codes = Mutex<[RocksDBError.Code?]>([])
        let threads = DispatchGroup()
        for worker in 0..<4 {
            threads.enter()
            Thread.detachNewThread {
                let error = failure {
                    for index in 0... {
                        try database.put("v", "\(worker)-\(index)")
                        _ = try database.get("\(worker)-\(index / 2)")
                    }
                }
                codes.withLock { $0.append(error?.code) }
                threads.leave()
            }
        }
        let deadline = ContinuousClock.now + .seconds(30)
        while try database.approximateKeyCount() < 200, ContinuousClock.now < deadline {}
        try database.close()
        #expect(threads.wait(timeout: .now() + 30) == .success)
        #expect(codes.withLock { $0 } == [.closed, .closed, .closed, .closed])
        let reopened = try Database(path: directory("db"))
        #expect(try reopened.approximateKeyCount() >= 200)
    }
}
