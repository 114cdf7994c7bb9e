import Foundation
import Logging
import Millrace
import MillraceEngine

/// A directory for one test, removed with everything in it when released.
final class TestDirectory: Sendable {
    let path: String

    /// Makes the directory in memory if the system offers that: syncing takes most of the time.
    init() throws {
        let shared = URL(fileURLWithPath: "/dev/shm", isDirectory: true)
        let isThere = FileManager.default.isWritableFile(atPath: shared.path)
        let parent = isThere ? shared : FileManager.default.temporaryDirectory
        let directory = parent.appendingPathComponent("millrace-state-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = directory.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The plan of a store on disk.
func plan(
    _ name: String = "counts", isLogged: Bool = true, supplier: StoreSupplier = .rocksDB
) -> StorePlan {
    StorePlan(
        name: name, kind: .timestampedKeyValue, supplier: supplier, changelogConfiguration: isLogged ? [:] : nil)
}

/// A key with its value; `nil` stands for a deletion.
struct Entry: Hashable, CustomStringConvertible {
    var key: [UInt8]
    var value: [UInt8]?

    init(_ key: [UInt8], _ value: [UInt8]?) {
        self.key = key
        self.value = value
    }

    init(_ key: String, _ value: String?) { self.init(Array(key.utf8), value.map { Array($0.utf8) }) }

    var description: String { "\(Self.text(key)): \(value.map(Self.text) ?? "deleted")" }

    private static func text(_ bytes: [UInt8]) -> String {
        bytes.map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "<\(String($0, radix: 16))>" }.joined()
    }
}

extension PersistentStore {
    func get(_ key: [UInt8]) throws -> [UInt8]? {
        var found: [UInt8]?
        try key.withUnsafeBytes { key in try withValue(forKey: key) { found = $0.map { Array($0) } } }
        return found
    }

    func get(_ key: String) throws -> String? {
        try get(Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    func apply(_ entries: [Entry], position: Int64?) throws {
        let bytes = entries.flatMap { $0.key + ($0.value ?? []) }
        try bytes.withUnsafeBytes { bytes in
            var start = 0
            func take(_ count: Int) -> UnsafeRawBufferPointer {
                defer { start += count }
                return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
            }
            try apply(
                entries.map { StoreWrite(key: take($0.key.count), value: $0.value.map { take($0.count) }) },
                position: position)
        }
    }

    func entries(
        from lower: [UInt8]? = nil, to upper: [UInt8]? = nil, reversed: Bool = false
    ) throws -> [Entry] {
        var entries: [Entry] = []
        try scan(from: lower, to: upper, reversed: reversed) { key, value in
            entries.append(Entry(Array(key), Array(value)))
            return true
        }
        return entries
    }
}

extension KeyValueBytesStore {
    func get(_ key: [UInt8]) throws -> [UInt8]? {
        var found: [UInt8]?
        try key.withUnsafeBytes { key in try withValue(forKey: key) { found = $0.map { Array($0) } } }
        return found
    }

    func put(_ entries: Entry...) throws { try put(entries) }

    func put(_ entries: [Entry]) throws {
        for entry in entries {
            try entry.key.withUnsafeBytes { key in
                try (entry.value ?? []).withUnsafeBytes { value in
                    try put(key: key, value: entry.value == nil ? nil : value, timestampMs: 0)
                }
            }
        }
    }

    func entries(
        from lower: [UInt8]? = nil, to upper: [UInt8]? = nil, reversed: Bool = false
    ) throws -> [Entry] {
        var entries: [Entry] = []
        try scan(from: lower, to: upper, reversed: reversed) { key, value in
            entries.append(Entry(Array(key), Array(value)))
            return true
        }
        return entries
    }
}

/// Keys of every awkward kind, in the order of their bytes.
let awkwardKeys: [[UInt8]] = {
    let marker: [UInt8] = [0xFF] + Array("millrace".utf8)
    let plain: [[UInt8]] = [
        [], [0], [0, 0], [0, 0xFF], [0x7F], [0x80], Array("millrace".utf8).map { $0 | 0x80 }, [0xFE, 0xFF], [0xFF],
        [0xFF, 0], Array(marker.dropLast()), Array(marker.dropLast()) + [0x66], [0xFF, 0xFF],
        [UInt8](repeating: 0xFF, count: 100),
    ]
    let suffixes: [[UInt8]] = [
        [], [0], [0] + Array("format".utf8), [0] + Array("position".utf8), [0, 0xFF], [1], [1, 1], [2], marker,
    ]
    return (plain + suffixes.map { marker + $0 }).sorted { $0.lexicographicallyPrecedes($1) }
}()
