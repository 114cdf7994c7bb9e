import Millrace

/// The entries of a simulated store for those who do not write to it.
// One thread runs a simulation.
final class SimulatedReader: StorageReader, @unchecked Sendable {
    private let engine: any StorageEngine

    init(_ engine: any StorageEngine) { self.engine = engine }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try engine.withValue(forKey: key, body)
    }

    func snapshot() throws -> any StorageSnapshot {
        var entries: [(key: [UInt8], value: [UInt8])] = []
        try engine.scan(from: nil, to: nil, reversed: false) { key, value in
            entries.append((Array(key), Array(value)))
            return true
        }
        return Snapshot(entries)
    }

    private final class Snapshot: StorageSnapshot {
        /// In the order of the keys.
        private let entries: [(key: [UInt8], value: [UInt8])]

        init(_ entries: [(key: [UInt8], value: [UInt8])]) { self.entries = entries }

        func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
            guard let entry = entries.first(where: { key.elementsEqual($0.key) }) else { return try body(nil) }
            try entry.value.withUnsafeBytes(body)
        }

        func scan(
            from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
            _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
        ) throws {
            for entry in reversed ? entries.reversed() : entries {
                if let lower, entry.key.lexicographicallyPrecedes(lower) { continue }
                if let upper, !entry.key.lexicographicallyPrecedes(upper) { continue }
                let goesOn = try entry.key.withUnsafeBytes { key in
                    try entry.value.withUnsafeBytes { try body(key, $0) }
                }
                if !goesOn { return }
            }
        }
    }
}
