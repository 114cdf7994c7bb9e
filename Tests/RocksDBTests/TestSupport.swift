import Foundation
import RocksDB

/// A directory for one test, removed with everything in it when released.
final class TestDirectory: Sendable {
    let path: String

    /// Makes the directory in memory if the system offers that: syncing takes most of the time.
    init() throws {
        let shared = URL(fileURLWithPath: "/dev/shm", isDirectory: true)
        let isThere = FileManager.default.isWritableFile(atPath: shared.path)
        let parent = isThere ? shared : FileManager.default.temporaryDirectory
        let directory = parent.appendingPathComponent("millrace-rocksdb-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = directory.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a name in the directory.
    func callAsFunction(_ name: String) -> String { path + "/" + name }

    /// The names of a database's files in the directory that have this prefix and suffix.
    func files(of name: String, prefix: String = "", suffix: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: self(name))
            .filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.sorted().map { self(name) + "/" + $0 }
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Inverts bytes of a file in place.
func damage(_ file: String, from offset: Int, count: Int) throws {
    var contents = try Data(contentsOf: URL(fileURLWithPath: file))
    for index in offset..<min(offset + count, contents.count) { contents[index] = ~contents[index] }
    try contents.write(to: URL(fileURLWithPath: file))
}

/// The error that `body` throws, or `nil`.
func failure(_ body: () throws -> Void) -> RocksDBError? {
    do {
        try body()
        return nil
    } catch {
        return error as? RocksDBError
    }
}

extension Database {
    func put(_ value: [UInt8], _ key: [UInt8]) throws {
        try key.withUnsafeBytes { key in
            try value.withUnsafeBytes { value in try put(value, forKey: key) }
        }
    }

    func put(_ value: String, _ key: String) throws { try put(bytes(value), bytes(key)) }

    func get(_ key: [UInt8]) throws -> [UInt8]? {
        try key.withUnsafeBytes { key in try withValue(forKey: key) { $0.map { Array($0) } } }
    }

    func get(_ key: String) throws -> String? {
        try get(bytes(key)).map { String(decoding: $0, as: UTF8.self) }
    }

    func delete(_ key: String) throws {
        try bytes(key).withUnsafeBytes { try delete($0) }
    }

    /// Makes an iterator with text bounds. The memory of the bounds is released when it returns.
    func iterator(from lower: String?, to upper: String?) throws -> DatabaseIterator {
        let (lower, upper) = (lower.map(allocated), upper.map(allocated))
        defer {
            lower?.deallocate()
            upper?.deallocate()
        }
        return try iterator(lowerBound: lower.map { .init($0) }, upperBound: upper.map { .init($0) })
    }

    /// Every key, in order.
    func keys() throws -> [String] {
        var iterator = try iterator()
        return try iterator.forward()
    }

    private func allocated(_ text: String) -> UnsafeMutableRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        memory.copyBytes(from: text.utf8)
        return memory
    }
}

extension Snapshot {
    func get(_ key: String) throws -> String? {
        try bytes(key).withUnsafeBytes { key in
            try withValue(forKey: key) { $0.map { String(decoding: $0, as: UTF8.self) } }
        }
    }
}

extension DatabaseIterator {
    var key: String { withKey { String(decoding: $0, as: UTF8.self) } }

    /// The keys from the first to the last.
    mutating func forward() throws(RocksDBError) -> [String] {
        var keys: [String] = []
        var found = try seekToFirst()
        while found {
            keys.append(key)
            found = try next()
        }
        return keys
    }

    /// The keys from the last to the first.
    mutating func backward() throws(RocksDBError) -> [String] {
        var keys: [String] = []
        var found = try seekToLast()
        while found {
            keys.append(key)
            found = try prev()
        }
        return keys
    }

    /// The key that a seek finds, or `nil`.
    mutating func seek(_ key: String) throws -> String? {
        let found = try bytes(key).withUnsafeBytes { try seek(to: $0) }
        return found ? self.key : nil
    }

    mutating func seekForPrev(_ key: String) throws -> String? {
        let found = try bytes(key).withUnsafeBytes { try seekForPrev(to: $0) }
        return found ? self.key : nil
    }
}

extension WriteBatch {
    mutating func put(_ value: String, _ key: String) {
        bytes(key).withUnsafeBytes { key in
            bytes(value).withUnsafeBytes { value in put(value, forKey: key) }
        }
    }

    mutating func delete(_ key: String) { bytes(key).withUnsafeBytes { delete($0) } }

    mutating func deleteRange(_ lower: String, _ upper: String) {
        bytes(lower).withUnsafeBytes { lower in
            bytes(upper).withUnsafeBytes { upper in deleteRange(from: lower, to: upper) }
        }
    }
}
