/// The changes that one record makes in several windows. All of them are computed and serialised before the first is made,
/// so a record whose aggregate fails for one window changes none.
///
/// The memory is reused for every record.
@usableFromInline
final class WindowChanges<Value> {
    @usableFromInline
    struct Change {
        @usableFromInline var window: Window
        @usableFromInline var newValue: Value?
        @usableFromInline var oldValue: Value?
        @usableFromInline var timestampMs: Int64
        /// Whether the window is closed, so that the value is only remembered.
        @usableFromInline var isRemembered: Bool
        /// The range of the new value's bytes.
        @usableFromInline var bytes: Range<Int>

        @usableFromInline
        init(
            window: Window, newValue: Value?, oldValue: Value?, timestampMs: Int64, isRemembered: Bool,
            bytes: Range<Int>
        ) {
            self.window = window
            self.newValue = newValue
            self.oldValue = oldValue
            self.timestampMs = timestampMs
            self.isRemembered = isRemembered
            self.bytes = bytes
        }
    }

    @usableFromInline @exclusivity(unchecked) var changes: [Change] = []
    @usableFromInline @exclusivity(unchecked) var bytes: [UInt8] = []

    @usableFromInline init() {}

    @inlinable
    func removeAll() {
        changes.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    @inlinable
    func append(
        _ window: Window, to newValue: Value?, from oldValue: Value?, timestampMs: Int64, isRemembered: Bool,
        _ serde: Serde<ValueAndTimestamp<Value>>
    ) throws {
        let start = bytes.count
        if let newValue {
            try serde.serialize(ValueAndTimestamp(value: newValue, timestampMs: timestampMs), into: &bytes)
        }
        changes.append(
            Change(
                window: window, newValue: newValue, oldValue: oldValue, timestampMs: timestampMs,
                isRemembered: isRemembered, bytes: start..<bytes.count))
    }
}
