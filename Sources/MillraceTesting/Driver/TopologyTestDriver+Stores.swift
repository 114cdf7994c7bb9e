public import Millrace
import MillraceEngine

/// The stores of the topology, as operators and as queries see them.
extension TopologyTestDriver {
    /// The names of the topology's stores. Kafka: `getAllStateStores`.
    public var storeNames: [String] { topology.subtopologies.flatMap(\.stores).map(\.name).sorted() }

    /// A key-value store of the topology, with its timestamps; `nil` where there is none of this name.
    ///
    /// ```swift
    /// let count = try driver.keyValueStore("counts", key: .string, value: .int64)?.get("a")
    /// ```
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - partition: the partition whose task has the store; 0 by default.
    public func keyValueStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>, partition: Int32 = 0
    ) -> TimestampedKeyValueStore<Key, Value>? {
        store(named: name, partition: partition)?.bytes.map { TimestampedKeyValueStore($0, key: key, value: value) }
    }

    /// A versioned key-value store of the topology; `nil` where there is none of this name. Kafka: `getVersionedKeyValueStore`.
    ///
    /// ```swift
    /// let price = try driver.versionedKeyValueStore("prices", key: .string, value: .double)?.get("apple")
    /// ```
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - partition: the partition whose task has the store; 0 by default.
    public func versionedKeyValueStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>, partition: Int32 = 0
    ) -> VersionedKeyValueStore<Key, Value>? {
        guard let store = store(named: name, partition: partition)?.versions else { return nil }
        return VersionedKeyValueStore(store, key: key, value: value)
    }

    /// A window store of the topology, with its timestamps; `nil` where there is none of this name. Kafka:
    /// `getTimestampedWindowStore`.
    ///
    /// ```swift
    /// let minute = try driver.windowStore("by-minute", key: .string, value: .int64)?.fetch("a", startMs: 0)
    /// ```
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - partition: the partition whose task has the store; 0 by default.
    public func windowStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>, partition: Int32 = 0
    ) -> WindowStore<Key, ValueAndTimestamp<Value>>? {
        guard let store = store(named: name, partition: partition)?.ordered else { return nil }
        return WindowStore(store, key: key, value: .timestamped(value))
    }

    /// A session store of the topology; `nil` where there is none of this name. Kafka: `getSessionStore`.
    ///
    /// ```swift
    /// let visits = try driver.sessionStore("visits", key: .string, value: .int64)?.fetch("a", endingAtOrAfter: 0)
    /// ```
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - partition: the partition whose task has the store; 0 by default.
    public func sessionStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>, partition: Int32 = 0
    ) -> SessionStore<Key, Value>? {
        guard let store = store(named: name, partition: partition)?.ordered else { return nil }
        return SessionStore(store, key: key, value: value)
    }

    /// Returns the store of a custom processor by its builder; `nil` if the topology has none of its name.
    ///
    /// - Parameters:
    ///   - builder: the builder that the store was made with.
    ///   - partition: the partition whose task has the store; 0 by default.
    /// - Throws: `StreamsError` with code `.invalidTopology` where the store is of another kind.
    public func store<Store>(_ builder: StoreBuilder<Store>, partition: Int32 = 0) throws -> Store? {
        try store(named: builder.name, partition: partition).map { try builder.view(of: $0, in: nil) }
    }

    /// Returns a query handle of a store, as an application does. Kafka's driver has none.
    ///
    /// ```swift
    /// let scores = try driver.store(.keyValue("risk-store", key: .string, value: .double))
    /// #expect(try scores.get("acct-1") == 0.7)
    /// ```
    ///
    /// It stays valid across restarts of the driver.
    ///
    /// - Throws: `StreamsError` with code `.storeUnknown` or `.storeMismatch`.
    public func store<Store>(_ query: StoreQuery<Store>) throws -> Store {
        let store = try localStores.view(query)
        for task in running { try followWantedStores(of: task) }
        return store
    }

    /// The stores of the topology, as an application lists them.
    public var stores: [StoreDescription] { localStores.descriptions }

    func followWantedStores(of task: StreamTask) throws {
        guard task.id == .global else { return try task.followWantedStores() }
        for (name, store) in globalStores where localStores.isWanted(name) {
            guard let signal = localStores.signal(of: name) else { continue }
            localStores.followGlobal(
                name, by: try store.follow(at: task.committedPosition, signal: signal), inputs: task.partitions)
        }
    }

    func store(named name: String, partition: Int32 = 0) -> OperatorStore? {
        for part in tasks where part.id.partition == partition {
            if let store = part.task?.store(named: name) { return store }
        }
        return globalStores[name]?.access
    }
}
