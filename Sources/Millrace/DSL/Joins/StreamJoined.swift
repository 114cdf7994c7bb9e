/// The way in which a join of two streams keeps their records for each other. Kafka: `StreamJoined`.
///
/// ```swift
/// orders.join(payments, within: .difference(.seconds(300)), as: .store("order-payments")) { order, payment in … }
/// ```
///
/// ```swift
/// orders.join(payments, within: .difference(.seconds(300)), as: .with(key: .string).inMemory().withoutChangelog()) {
///     order, payment in
///     "\(order.amount) \(payment.amount)"
/// }
/// let joined = StreamJoined<String, Payment, Payment>.store("joined").supplied(by: .rocksDB)
///     .changelog(["segment.ms": "600000"]).lateRecords(to: "late-payments")
/// ```
public struct StreamJoined<Key, Value, Other>: Sendable {
    @usableFromInline var storeName: String?
    @usableFromInline var key: Serde<Key>?
    @usableFromInline var value: Serde<Value>?
    @usableFromInline var other: Serde<Other>?
    var supplier: StoreSupplier?
    var lateTopic: String?
    var changelogConfiguration: [String: String]? = [:]

    /// Stores whose names begin with a given one, which stays the same when the topology changes upstream of the join.
    ///
    /// - Parameters:
    ///   - name: letters, digits, `.`, `_` and `-`.
    ///   - key: the keys' serde; by default the left stream's.
    ///   - value: the left values' serde; by default the left stream's.
    ///   - other: the right values' serde; by default the right stream's.
    public static func store(
        _ name: String, key: Serde<Key>? = nil, value: Serde<Value>? = nil, other: Serde<Other>? = nil
    ) -> StreamJoined {
        StreamJoined(storeName: name, key: key, value: value, other: other)
    }

    /// Stores with generated names.
    ///
    /// - Parameters:
    ///   - key: the keys' serde; by default that of the streams.
    ///   - value: the left stream's values' serde; by default that stream's.
    ///   - other: the right stream's values' serde; by default that stream's.
    public static func with(
        key: Serde<Key>? = nil, value: Serde<Value>? = nil, other: Serde<Other>? = nil
    ) -> StreamJoined {
        StreamJoined(storeName: nil, key: key, value: value, other: other)
    }

    /// Keeps the records in memory instead of RocksDB; they are restored from their changelogs at each start.
    public func inMemory() -> StreamJoined { supplied(by: .inMemory) }

    /// Keeps the records in another engine than the instance's default. Kafka: `withThisStoreSupplier`,
    /// `withOtherStoreSupplier`.
    public func supplied(by supplier: StoreSupplier) -> StreamJoined {
        var copy = self
        copy.supplier = supplier
        return copy
    }

    /// Sends records of either stream to a topic if they are too late to be kept for the other stream. They are still joined
    /// with the records of the other stream that were kept earlier, but not with those that arrive later. See
    /// `Materialized.lateRecords(to:)`.
    ///
    /// - Parameter topic: the topic's full name. The records of both streams go there; the header `__streams.late.operator`
    ///   tells them apart.
    public func lateRecords(to topic: String) -> StreamJoined {
        var copy = self
        copy.lateTopic = topic
        return copy
    }

    /// Adds settings of the changelog topics to the default ones, or replaces those.
    public func changelog(_ configuration: [String: String]) -> StreamJoined {
        var copy = self
        copy.changelogConfiguration = configuration
        return copy
    }

    /// Keeps no changelogs: records that wait to be joined are lost with their disk, or with the process.
    public func withoutChangelog() -> StreamJoined {
        var copy = self
        copy.changelogConfiguration = nil
        return copy
    }
}

extension StreamJoined {
    /// The store of one side's records. A deletion could not tell which of several records of the same moment it means, so
    /// the changelog is not compacted. Kafka: `StreamJoinedStoreFactory`.
    @usableFromInline
    func windowStore(named name: String, _ windows: JoinWindows, _ compatibility: Compatibility) -> StorePlan {
        let retention = max(.zero, windows.retention)
        // If one side looks back only, a record may be open for longer than Kafka Streams keeps it.
        let open = max(windows.before, windows.after) + windows.grace
        let visibility: OrderedKeys.Expiry.Visibility =
            compatibility == .kafkaStreams
            ? .whenExpired() : .untilDropped(slackMs: max(0, (open - retention).ms))
        var plan = StorePlan(
            name: name, kind: .window(retentionMs: retention.ms, isTimestamped: false, visibility: visibility),
            supplier: supplier, isCached: false,
            changelogConfiguration: changelogConfiguration?.merging(["cleanup.policy": "delete"]) { $1 })
        plan.lateTopic = lateTopic
        return plan
    }

    /// The store of the records that have no match yet. Kafka: `OuterStreamJoinStoreFactory`.
    @usableFromInline
    func unmatchedStore(named name: String) -> StorePlan {
        StorePlan(
            name: name, kind: .orderedKeyValue, supplier: supplier, isCached: false,
            changelogConfiguration: changelogConfiguration)
    }
}
