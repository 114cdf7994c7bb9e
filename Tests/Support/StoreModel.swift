package import Millrace

/// Compares random writes, reads and scans of a byte store with a dictionary.
package struct StoreModel {
    package private(set) var entries: [[UInt8]: [UInt8]] = [:]
    private var numbers: SeededNumbers
    private let seed: UInt64

    package init(seed: UInt64) {
        self.seed = seed
        numbers = SeededNumbers(seed: seed)
    }

    /// Makes a random call. Returns the difference from the dictionary, if there is one.
    package mutating func step(_ store: any KeyValueBytesStore) throws -> String? {
        let key = key()
        switch number(below: 10) {
        case 0..<5:
            let value = [UInt8](repeating: UInt8(number(below: 256)), count: number(below: 20))
            try store.put(key, value)
            entries[key] = value
        case 5..<7:
            try store.put(key, nil)
            entries[key] = nil
        case 7..<9:
            let value = try store.value(of: key)
            if value != entries[key] {
                return "seed \(seed): \(key) is \(String(describing: value)), not \(String(describing: entries[key]))"
            }
        default: return try compareScan(store)
        }
        return nil
    }

    private mutating func compareScan(_ store: any KeyValueBytesStore) throws -> String? {
        let (lower, upper) = (bound(), bound())
        let limit = number(below: 2) == 0 ? 1 + number(below: 4) : .max
        let reversed = number(below: 2) == 0
        let sorted = entries.filter { entry in
            (lower.map { !entry.key.lexicographicallyPrecedes($0) } ?? true)
                && (upper.map { entry.key.lexicographicallyPrecedes($0) } ?? true)
        }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        let expected = (reversed ? sorted.reversed() : sorted).prefix(limit)
        let found = try store.entries(from: lower, to: upper, reversed: reversed, limit: limit)
        if found.map(\.key) == expected.map(\.key), found.map(\.value) == expected.map(\.value) { return nil }
        return
            "seed \(seed): \(reversed ? "reversed " : "")scan from \(lower ?? []) to \(upper ?? []): \(found), not \(expected)"
    }

    private mutating func key() -> [UInt8] {
        [UInt8](repeating: 1, count: number(below: 3)) + [UInt8(number(below: 30))]
    }

    private mutating func bound() -> [UInt8]? {
        number(below: 3) == 0 ? nil : [1, UInt8(number(below: 30))]
    }

    /// A number below a limit, from the same seed.
    package mutating func number(below limit: Int) -> Int { Int.random(in: 0..<limit, using: &numbers) }
}

extension KeyValueBytesStore {
    package func put(_ key: [UInt8], _ value: [UInt8]?, timestampMs: Int64 = 0) throws {
        try key.withUnsafeBytes { key in
            guard let value else { return try put(key: key, value: nil, timestampMs: timestampMs) }
            try value.withUnsafeBytes { try put(key: key, value: $0, timestampMs: timestampMs) }
        }
    }

    package func value(of key: [UInt8]) throws -> [UInt8]? {
        var found: [UInt8]?
        try key.withUnsafeBytes { try withValue(forKey: $0) { found = $0.map(Array.init) } }
        return found
    }

    package func entries(
        from lower: [UInt8]? = nil, to upper: [UInt8]? = nil, reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: [UInt8], value: [UInt8])] {
        var found: [(key: [UInt8], value: [UInt8])] = []
        try scan(from: lower, to: upper, reversed: reversed) { key, value in
            found.append((Array(key), Array(value)))
            return found.count < limit
        }
        return found
    }
}
