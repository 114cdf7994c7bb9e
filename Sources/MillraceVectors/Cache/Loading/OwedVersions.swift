/// The versions that were announced, of keys that are not being loaded and whose last load has not brought them.
///
/// Whatever loads such a key next has to know of its version; otherwise an old copy of a source in front of the durable one would count
/// as the newest. Beyond the bound the oldest is forgotten.
struct OwedVersions {
    /// The knowledge about a key.
    struct Version {
        /// The highest version that was announced; a lower one is not remembered.
        var lowest = Int64.min
        /// Whether an announcement without a version has come, so that only the durable source knows what holds.
        var isUnknown = false
        /// Whether the last announcement had none, so that an absence is no less than was announced.
        var mayBeAbsence = false

        /// Whether nothing was announced.
        var isNone: Bool { lowest == .min && !isUnknown }

        /// Takes an announcement.
        ///
        /// - Returns: whether it says more than was known.
        mutating func take(_ version: Int64?) -> Bool {
            defer { lowest = max(lowest, version ?? .min) }
            isUnknown = isUnknown || version == nil
            mayBeAbsence = version == nil
            return version.map { $0 > lowest } ?? true
        }

        /// Whether an answer is older than what was announced; `nil` is an absence.
        func isAbove(_ answered: Int64?) -> Bool {
            guard let answered else { return !mayBeAbsence && lowest > .min }
            return lowest > answered
        }
    }

    private var entries: [EmbeddingKey: (version: Version, number: UInt64)] = [:]
    /// The keys in the order in which they came, with some that have gone.
    private var order: [(key: EmbeddingKey, number: UInt64)] = []
    private var first = 0
    private var lastNumber: UInt64 = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Remembers a version of a key that has none here.
    ///
    /// - Returns: whether another one had to be forgotten.
    mutating func insert(_ key: EmbeddingKey, _ version: Version) -> Bool {
        lastNumber += 1
        entries[key] = (version, lastNumber)
        order.append((key, lastNumber))
        guard entries.count > limit else { return false }
        while first < order.count {
            let (oldest, number) = order[first]
            first += 1
            guard entries[oldest]?.number == number else { continue }
            entries[oldest] = nil
            break
        }
        compact()
        return true
    }

    /// Takes out the version of a key.
    mutating func take(_ key: EmbeddingKey) -> Version? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        compact()
        return entry.version
    }

    private mutating func compact() {
        guard order.count > 64, order.count > 2 * entries.count else { return }
        order = order[first...].filter { entries[$0.key]?.number == $0.number }
        first = 0
    }
}
