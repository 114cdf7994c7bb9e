/// The way in which a table keeps its values. Kafka: `Materialized`.
///
/// ```swift
/// .aggregate(into: .store("risk-store", value: .double), initial: 0.0) { _, event, highest in max(event.score, highest) }
/// ```
///
/// ```swift
/// payments.groupByKey().count(into: .store("by-account").inMemory().withoutChangelog())
/// payments.groupByKey().count(into: .with(key: .string).withoutCache())
/// payments.groupByKey().windowedBy(.tumbling(.seconds(60)))
///     .count(into: .store("by-minute").retention(.seconds(86_400)).changelog(["segment.ms": "600000"]))
/// ```
public struct Materialized<Key, Value>: Sendable {
    @usableFromInline package var storeName: String?
    @usableFromInline package var key: Serde<Key>?
    @usableFromInline package var value: Serde<Value>?
    @usableFromInline package var retention: Duration?
    @usableFromInline package var historyRetention: Duration?
    package var supplier: StoreSupplier?
    package var isCached = true
    package var changelogConfiguration: [String: String]? = [:]
    @usableFromInline package var lateTopic: String?

    /// A store with a name. The name is used to query the store, and its changelog topic is named after it.
    ///
    /// - Parameters:
    ///   - name: letters, digits, `.`, `_` and `-`; the changelog topic is `<application id>-<name>-changelog`.
    ///   - key: the keys' serde; by default that of the stream or table.
    ///   - value: the values' serde; by default the one that the type brings.
    public static func store(_ name: String, key: Serde<Key>? = nil, value: Serde<Value>? = nil) -> Materialized {
        Materialized(storeName: name, key: key, value: value)
    }

    /// A store that keeps the versions of each value: the latest one, and the earlier ones for a while.
    ///
    /// ```swift
    /// builder.table("prices", key: .string, value: .double, into: .versioned("prices", historyRetention: .seconds(3600)))
    /// ```
    ///
    /// A record that is older than the newest value of its key does not replace that value but becomes an earlier version. A
    /// stream that is joined with the table gets the value that was valid at each record's time. A record that is older than
    /// the history is dropped. Such a store has no cache. Kafka: `Stores.persistentVersionedKeyValueStore` (KIP-889,
    /// KIP-914).
    ///
    /// - Parameters:
    ///   - name: as for `store`.
    ///   - historyRetention: how long, in stream time, a version is kept after it has been replaced, and how late a record
    ///     may be.
    ///   - key: the keys' serde; by default that of the stream or table.
    ///   - value: the values' serde; by default the one that the type brings.
    public static func versioned(
        _ name: String, historyRetention: Duration, key: Serde<Key>? = nil, value: Serde<Value>? = nil
    ) -> Materialized {
        var materialized = store(name, key: key, value: value)
        materialized.historyRetention = historyRetention
        materialized.isCached = false
        return materialized
    }

    /// A store with a generated name.
    ///
    /// - Parameters:
    ///   - key: the keys' serde; by default that of the stream or table.
    ///   - value: the values' serde; by default the one that the type brings.
    public static func with(key: Serde<Key>? = nil, value: Serde<Value>? = nil) -> Materialized {
        Materialized(storeName: nil, key: key, value: value)
    }

    /// Keeps the store in memory instead of RocksDB; it is restored from its changelog at each start.
    public func inMemory() -> Materialized { supplied(by: .inMemory) }

    /// Keeps the store, whatever its kind, in another engine than the instance's default. Kafka: `Materialized.as` with a
    /// `KeyValueBytesStoreSupplier`, `WindowBytesStoreSupplier`, `SessionBytesStoreSupplier` or
    /// `VersionedBytesStoreSupplier`.
    ///
    /// ```swift
    /// events.groupByKey().count(into: .store("counts").supplied(by: StoreSupplier { place in SortedArray() }))
    /// ```
    ///
    /// Millrace decides what is written to the engine and when, and handles changelog and transactions: see
    /// ``StorageEngine``.
    public func supplied(by supplier: StoreSupplier) -> Materialized {
        var copy = self
        copy.supplier = supplier
        return copy
    }

    /// Forwards every change at once. With a cache, as by default, changes wait for the next commit, and only the last one
    /// of several changes of a key is forwarded.
    public func withoutCache() -> Materialized {
        var copy = self
        copy.isCached = false
        return copy
    }

    /// Sets how far behind the newest window an older one may be and still be kept, for windowed results. It is at least a
    /// window's size and its grace, which is also the default. Kafka: `Materialized.withRetention`.
    public func retention(_ retention: Duration) -> Materialized {
        var copy = self
        copy.retention = retention
        return copy
    }

    /// Sends late records to a topic instead of only dropping and counting them: those of windows and sessions that have
    /// closed, and those older than a versioned table's history.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.tumbling(.seconds(60), grace: .seconds(10)))
    ///     .count(into: .store("payments-per-minute").lateRecords(to: "late-payments"))
    /// ```
    ///
    /// The topic gets the record as the operator got it, with its key, value, timestamp and headers, in the operator's
    /// transaction; for a versioned table, it gets the value that the record would have had. A record that is too late for
    /// several windows is sent once for each of them. Headers are added, all as text:
    ///
    /// | header | |
    /// | --- | --- |
    /// | `__streams.late.operator` | the operator's name |
    /// | `__streams.late.reason` | `expired`, as it is counted |
    /// | `__streams.late.stream.time` | the operator's stream time in milliseconds |
    /// | `__streams.late.window.start`, `.window.end` | the window that it is too late for, in milliseconds |
    /// | `__streams.late.bound` | what the window's end had to be at least; without a window, the record's timestamp |
    /// | `__streams.late.topic`, `.partition`, `.offset` | where the record came from |
    ///
    /// The topic has to exist; it is not part of the topology's description. Kafka Streams has no equivalent.
    ///
    /// - Parameter topic: the topic's full name.
    public func lateRecords(to topic: String) -> Materialized {
        var copy = self
        copy.lateTopic = topic
        return copy
    }

    /// Adds settings of the changelog topic to the default ones (`cleanup.policy=compact`), or replaces those.
    public func changelog(_ configuration: [String: String]) -> Materialized {
        var copy = self
        copy.changelogConfiguration = configuration
        return copy
    }

    /// Keeps no changelog: the store's contents are lost with its disk, or with the process if it is in memory.
    public func withoutChangelog() -> Materialized {
        var copy = self
        copy.changelogConfiguration = nil
        return copy
    }
}
