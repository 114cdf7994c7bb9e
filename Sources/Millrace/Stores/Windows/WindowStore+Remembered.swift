/// A window as a sliding aggregation knows it.
@usableFromInline
struct KnownWindow<Value> {
    @usableFromInline var startMs: Int64
    /// The value of all records of the window, including those that arrived after it had closed.
    @usableFromInline var value: Value
    /// Whether the window has a result.
    @usableFromInline var isVisible: Bool

    @usableFromInline
    init(startMs: Int64, value: Value, isVisible: Bool) {
        self.startMs = startMs
        self.value = value
        self.isVisible = isVisible
    }
}

/// Remembers the contents that closed windows would have if they had stayed open.
///
/// Sliding windows are made of earlier ones. A record that is too late for some windows and in time for others has to count
/// in those that are made after it. It therefore goes into the closed windows too, but beside their results. Such an entry
/// has the window's key with the sequence number −1. Only the aggregation sees it.
extension WindowStore {
    /// The windows of a key that start within a range, the oldest first, with what is remembered of those that have closed.
    @inlinable
    func fetchKnown(_ key: Key, starting startsMs: ClosedRange<Int64>) throws -> [KnownWindow<Value>] {
        var found: [KnownWindow<Value>] = []
        let starts = max(0, startsMs.lowerBound)...max(0, startsMs.upperBound)
        try setKey(key, startMs: starts.lowerBound, sequenceNumber: 0)
        var bounds = KeyPair(scratch.key)
        try setKey(key, startMs: starts.upperBound, sequenceNumber: WindowKey.remembered)
        try bounds.withUpper(scratch.key) { lower, upper in
            try bytes.scan(times: starts, from: lower, through: upper, reversed: false) { keyBytes, valueBytes in
                guard keyBytes.count == lower.count else { return true }
                let (startMs, value) = (WindowKey.startMs(of: keyBytes), try valueSerde.deserialize(valueBytes))
                let isRemembered = WindowKey.isRemembered(keyBytes)
                if isRemembered, let last = found.indices.last, found[last].startMs == startMs {
                    found[last].value = value
                } else {
                    found.append(KnownWindow(startMs: startMs, value: value, isVisible: !isRemembered))
                }
                return true
            }
        }
        return found
    }
}
