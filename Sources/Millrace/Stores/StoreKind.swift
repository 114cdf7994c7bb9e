/// The kind of a store: how its changelog's records become its entries and back, in which order it keeps them, when they
/// expire, and how its changelog topic is set up.
///
/// Everything else follows from these: the runtime opens, restores and checkpoints a store by its kind and knows no
/// operator. A store's entries have the keys of its changelog, byte for byte; only a version has the end of its validity
/// after its key.
package struct StoreKind: Hashable, Sendable {
    /// The layout in the store of the value of a changelog's record.
    package enum ValueLayout: Hashable, Sendable {
        /// Unchanged.
        case plain
        /// After the record's timestamp. Kafka: `RecordConverters.rawValueToTimestampedValue`.
        case timestamped
    }

    /// The way in which the entries are found.
    package enum Access: Hashable, Sendable {
        /// By key, in a hash table. A walk in the keys' order is possible but has to sort the keys that are not on disk yet.
        case hashed
        /// By key and in the keys' order.
        case ordered(OrderedKeys)
        /// By key and in the order of the times with which changes were put in, until they are removed. In memory.
        case buffered
        /// By key and moment. The entries are versions, in the order of time. Their keys are not those of the changelog.
        case versioned(OrderedKeys)
        /// As the custom store decides: it is not a map of bytes. `StorePlan.makeStateStore` makes it.
        case custom
    }

    package var values: ValueLayout
    package var access: Access
    /// The settings of the changelog topic.
    package var changelogTopicConfiguration: [String: String]

    package init(values: ValueLayout, access: Access, changelogTopicConfiguration: [String: String]) {
        self.values = values
        self.access = access
        self.changelogTopicConfiguration = changelogTopicConfiguration
    }
}

extension StoreKind {
    /// The newest value of each key, with its timestamp. Kafka: `TimestampedKeyValueStore`.
    package static let timestampedKeyValue = StoreKind(
        values: .timestamped, access: .hashed, changelogTopicConfiguration: compacted)

    /// The newest value of each key. Kafka: `KeyValueStore`.
    package static let keyValue = StoreKind(values: .plain, access: .hashed, changelogTopicConfiguration: compacted)

    /// The newest value of each key. A walk in the keys' order costs no more than the entries themselves.
    package static let orderedKeyValue = StoreKind(
        values: .plain, access: .ordered(OrderedKeys(time: .none, expiry: nil)), changelogTopicConfiguration: compacted)

    /// Values by key and window, each key's in the order of time. Kafka: `WindowStore`, `TimestampedWindowStore`.
    ///
    /// - Parameters:
    ///   - retentionMs: the greatest distance to the newest window at which an older one is kept.
    ///   - isTimestamped: whether each value has its own timestamp.
    ///   - visibility: the rule for when an expired window becomes invisible.
    ///   - isTimeIndexed: whether the windows of all keys can be walked over in the order of time.
    package static func window(
        retentionMs: Int64, isTimestamped: Bool, visibility: OrderedKeys.Expiry.Visibility = .whenExpired(),
        isTimeIndexed: Bool = false
    ) -> StoreKind {
        StoreKind(
            values: isTimestamped ? .timestamped : .plain,
            access: .ordered(
                OrderedKeys(
                    time: .window,
                    expiry: .init(retentionMs: retentionMs, visibility: visibility),
                    isTimeIndexed: isTimeIndexed)),
            changelogTopicConfiguration: windowed(retentionMs))
    }

    /// Values by key and session. Kafka: `SessionStore`.
    package static func session(
        retentionMs: Int64, visibility: OrderedKeys.Expiry.Visibility = .withSegment, isTimeIndexed: Bool = false
    ) -> StoreKind {
        StoreKind(
            values: .plain,
            access: .ordered(
                OrderedKeys(
                    time: .session,
                    expiry: .init(retentionMs: retentionMs, visibility: visibility),
                    isTimeIndexed: isTimeIndexed)),
            changelogTopicConfiguration: windowed(retentionMs))
    }

    /// The latest value of each key and the earlier ones, as far back as the history goes. Kafka: `VersionedKeyValueStore`.
    package static func versionedKeyValue(historyMs: Int64) -> StoreKind {
        StoreKind(
            values: .timestamped,
            access: .versioned(
                OrderedKeys(time: .version, expiry: .init(retentionMs: historyMs, visibility: .withSegment))),
            changelogTopicConfiguration: versionedTopicConfiguration(historyMs: historyMs))
    }

    /// Changes of a table that are held back. Kafka: `InMemoryTimeOrderedKeyValueChangeBuffer`.
    package static let suppressionBuffer = StoreKind(
        values: .plain, access: .buffered, changelogTopicConfiguration: compacted)

    /// A custom store. Kafka: `StateStore`.
    package static let custom = StoreKind(values: .plain, access: .custom, changelogTopicConfiguration: compacted)

    private static let day = TimeSpan(.seconds(24 * 60 * 60))

    /// Kafka: `UnwindowedUnversionedChangelogTopicConfig`.
    private static let compacted = ["cleanup.policy": "compact", "message.timestamp.type": "CreateTime"]

    /// Kafka: `WindowedChangelogTopicConfig`, with `windowstore.changelog.additional.retention.ms` at its default of a day.
    private static func windowed(_ retentionMs: Int64) -> [String: String] {
        [
            "cleanup.policy": "compact,delete", "message.timestamp.type": "CreateTime",
            "retention.ms": String((TimeSpan(ms: retentionMs) + day).ms),
        ]
    }

    /// Kafka: `VersionedChangelogTopicConfig`, with a day beyond the history.
    private static func versionedTopicConfiguration(historyMs: Int64) -> [String: String] {
        [
            "cleanup.policy": "compact", "message.timestamp.type": "CreateTime",
            "min.compaction.lag.ms": String((TimeSpan(ms: historyMs) + day).ms),
        ]
    }
}

extension StoreKind {
    /// Whether it keeps older versions of a key's value beside the latest one.
    package var isVersioned: Bool {
        if case .versioned = access { true } else { false }
    }
}

extension StoreKind {
    /// Whether it is a custom store, which keeps its contents itself.
    package var isCustom: Bool {
        if case .custom = access { true } else { false }
    }

    /// Whether records can be too late for the store.
    package var hasExpiry: Bool { expiry != nil }

    /// The rule by which entries expire; `nil` for a store that keeps everything.
    package var expiry: OrderedKeys.Expiry? {
        switch access {
        case .ordered(let keys), .versioned(let keys): keys.expiry
        case .hashed, .buffered, .custom: nil
        }
    }

    /// Whether an engine keeps its entries.
    package var isKeptInEngine: Bool {
        switch access {
        case .hashed, .ordered, .versioned: true
        case .buffered, .custom: false
        }
    }
}

extension StoreKind.ValueLayout {
    /// Returns the value that the changelog gets for a stored one.
    package func plainValue(_ stored: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        switch self {
        case .plain: stored
        case .timestamped: UnsafeRawBufferPointer(rebasing: stored.dropFirst(8))
        }
    }

    /// Appends the stored form of the value of a changelog's record.
    package func store(_ value: UnsafeRawBufferPointer, timestampMs: Int64, into buffer: inout [UInt8]) {
        if self == .timestamped { withUnsafeBytes(of: timestampMs.bigEndian) { buffer.append(contentsOf: $0) } }
        buffer.append(contentsOf: value)
    }
}
