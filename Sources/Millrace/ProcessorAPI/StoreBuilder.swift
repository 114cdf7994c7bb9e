/// A description of how to make a store for processors. It is also the key with which they get the store.
///
/// ```swift
/// let lastValues = Stores.keyValue("last-values", key: .string, value: .string)
/// stream.processValues(stores: [lastValues]) { (context: FixedKeyProcessorContext<String, String>) in
///     let last = try context.store(lastValues)
///     return { record in
///         guard let key = record.key, let value = record.value, try last.get(key) != value else { return }
///         try last.put(key, value)
///         try context.forward(record)
///     }
/// }
/// ```
///
/// ```swift
/// let drafts = Stores.keyValue("drafts", key: .string, value: .string).inMemory().withoutChangelog()
/// let totals = Stores.keyValue("totals", key: .string, value: .int64).cached().changelog(["segment.ms": "600000"])
/// ```
///
/// By default the store is kept on disk and logged to the topic `<application id>-<name>-changelog`, without a cache. Kafka:
/// `StoreBuilder`.
public struct StoreBuilder<Store>: ConnectableStore {
    package var plan: StorePlan
    private let open: @Sendable (_ store: OperatorStore, _ node: ProcessorNode?) throws -> Store

    package init(
        plan: StorePlan,
        open: @escaping @Sendable (_ store: OperatorStore, _ node: ProcessorNode?) throws -> Store
    ) {
        self.plan = plan
        self.open = open
    }

    /// The store's name. It is used to query the store, and its changelog topic is named after it.
    public var name: String { plan.name }

    public var connection: StoreConnection { StoreConnection(name: plan.name, plan: plan) }

    /// Keeps the store in memory; it is restored from its changelog at each start.
    public func inMemory() -> StoreBuilder { supplied(by: .inMemory) }

    /// Keeps the store in another engine than the instance's default. Kafka: the store supplier that a builder is given.
    ///
    /// ```swift
    /// let counts = Stores.keyValue("counts", key: .string, value: .int64).supplied(by: StoreSupplier { _ in SortedArray() })
    /// ```
    public func supplied(by supplier: StoreSupplier) -> StoreBuilder { changing { $0.supplier = supplier } }

    /// Keeps changes in a cache until the next commit: of several changes of a key the changelog gets the last one.
    public func cached() -> StoreBuilder { changing { $0.isCached = true } }

    /// Adds settings of the changelog topic to the default ones, or replaces those.
    public func changelog(_ configuration: [String: String]) -> StoreBuilder {
        changing { $0.changelogConfiguration = configuration }
    }

    /// Keeps no changelog: the store's contents are lost with its disk, or with the process if it is in memory.
    public func withoutChangelog() -> StoreBuilder { changing { $0.changelogConfiguration = nil } }

    /// Wraps this store in a custom type, while this store keeps and logs the contents.
    ///
    /// ```swift
    /// struct Counter {
    ///     let store: KeyValueStore<String, Int64>
    ///
    ///     func increment(_ key: String) throws { try store.put(key, (store.get(key) ?? 0) + 1) }
    /// }
    /// let counters = Stores.keyValue("counters", key: .string, value: .int64).wrapped { Counter(store: $0) }
    /// ```
    ///
    /// - Parameter wrap: called when a task starts and the store is restored, once for each processor that is connected to
    ///   it.
    public func wrapped<Outer>(_ wrap: @escaping @Sendable (Store) throws -> Outer) -> StoreBuilder<Outer> {
        let open = open
        return StoreBuilder<Outer>(plan: plan) { store, node in try wrap(open(store, node)) }
    }

    /// Returns the typed view of the store.
    package func view(of store: OperatorStore, in node: ProcessorNode?) throws -> Store {
        try open(store, node)
    }

    func changing(_ change: (inout StorePlan) -> Void) -> StoreBuilder {
        var copy = self
        change(&copy.plan)
        return copy
    }
}

/// The kinds of stores that a processor can use. Kafka: `Stores`.
///
/// ```swift
/// let last = Stores.keyValue("last", key: .string, value: .string)
/// let counts = Stores.timestampedKeyValue("counts", key: .string, value: .int64)
/// let prices = Stores.versionedKeyValue("prices", key: .string, value: .double, historyRetention: .seconds(3_600))
/// let views = Stores.window("views", key: .string, value: .int64, retention: .seconds(86_400))
/// let visits = Stores.session("visits", key: .string, value: .int64, retention: .seconds(86_400))
/// ```
public enum Stores {
    /// The newest value of each key. Kafka: `keyValueStoreBuilder`.
    ///
    /// - Parameters:
    ///   - name: the store's name; its changelog topic is `<application id>-<name>-changelog`.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    public static func keyValue<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreBuilder<KeyValueStore<Key, Value>> {
        builder(name, .keyValue, key, value) { store, node in
            KeyValueStore(try store.map(named: name), key: key, value: store.checking(value), node: node)
        }
    }

    /// The newest value of each key with its timestamp. Kafka: `timestampedKeyValueStoreBuilder`.
    ///
    /// - Parameters:
    ///   - name: the store's name; its changelog topic is `<application id>-<name>-changelog`.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    public static func timestampedKeyValue<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreBuilder<TimestampedKeyValueStore<Key, Value>> {
        builder(name, .timestampedKeyValue, key, value) { store, _ in
            TimestampedKeyValueStore(try store.map(named: name), key: key, value: store.checking(value))
        }
    }

    /// Values by key and window. Kafka: `windowStoreBuilder`.
    ///
    /// - Parameters:
    ///   - name: the store's name; its changelog topic is `<application id>-<name>-changelog`.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - retention: how far behind the newest window an older one may be and still be kept.
    ///   - retainsDuplicates: whether a put never replaces an entry with the same key and window.
    public static func window<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>, retention: Duration, retainsDuplicates: Bool = false
    ) -> StoreBuilder<WindowStore<Key, Value>> {
        builder(
            name, .window(retentionMs: retention.wholeMilliseconds, isTimestamped: false), key, value
        ) { store, _ in
            WindowStore(try store.ordered(name), key: key, value: value, retainsDuplicates: retainsDuplicates)
        }
    }

    /// Values by key and session. Kafka: `sessionStoreBuilder`.
    ///
    /// - Parameters:
    ///   - name: the store's name; its changelog topic is `<application id>-<name>-changelog`.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - retention: how far behind the newest session an older one may be and still be kept.
    public static func session<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>, retention: Duration
    ) -> StoreBuilder<SessionStore<Key, Value>> {
        builder(name, .session(retentionMs: retention.wholeMilliseconds), key, value) {
            store, _ in
            SessionStore(try store.ordered(name), key: key, value: value)
        }
    }

    /// The latest value of each key, and the earlier ones for a while. Kafka: `versionedKeyValueStoreBuilder`.
    ///
    /// - Parameters:
    ///   - name: the store's name; its changelog topic is `<application id>-<name>-changelog`.
    ///   - key: the keys' serde.
    ///   - value: the values' serde.
    ///   - historyRetention: how long, in stream time, a version is kept after it has been replaced, and how late one may
    ///     be.
    public static func versionedKeyValue<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>, historyRetention: Duration
    ) -> StoreBuilder<VersionedKeyValueStore<Key, Value>> {
        builder(
            name, .versionedKeyValue(historyMs: historyRetention.wholeMilliseconds), key, value
        ) { store, _ in
            VersionedKeyValueStore(try store.versioned(name), key: key, value: value)
        }
    }

    /// A custom store, which is not a map from bytes to bytes; see ``StateStore``.
    ///
    /// ```swift
    /// let vectors = Stores.custom("vectors") { context in Vectors(context) }
    /// ```
    ///
    /// Changes that the store logs go to the topic `<application id>-<name>-changelog`. No engine keeps the store, and it
    /// has no cache other than its own. Kafka: a custom `StoreBuilder`.
    ///
    /// - Parameters:
    ///   - name: the store's name; its changelog topic is `<application id>-<name>-changelog`.
    ///   - make: makes the store of one task, empty or as it was last saved; after that it is restored and handed to
    ///     processors.
    public static func custom<Store: StateStore>(
        _ name: String, _ make: @escaping @Sendable (StateStoreContext) throws -> Store
    ) -> StoreBuilder<Store> {
        var plan = StorePlan(
            name: name, kind: .custom, supplier: .inMemory, isCached: false, changelogConfiguration: [:],
            types: StoreTypes(custom: Store.self))
        plan.makeStateStore = make
        return StoreBuilder(plan: plan) { store, _ in
            guard let custom = store.custom as? Store else {
                throw StreamsError(.invalidTopology, "the store \(name) is not a \(Store.self)")
            }
            return custom
        }
    }

    private static func builder<Store, Key, Value>(
        _ name: String, _ kind: StoreKind, _ key: Serde<Key>, _ value: Serde<Value>,
        _ open: @escaping @Sendable (_ store: OperatorStore, _ node: ProcessorNode?) throws -> Store
    ) -> StoreBuilder<Store> {
        var plan = StorePlan(
            name: name, kind: kind, supplier: .rocksDB, isCached: false, changelogConfiguration: [:],
            types: StoreTypes(Key.self, Value.self))
        plan.serdes = StoreSerdes(key, value)
        return StoreBuilder(plan: plan, open: open)
    }
}

extension OperatorStore {
    fileprivate func versioned(_ name: String) throws -> any VersionedBytesStore {
        guard let store = versions else {
            throw StreamsError(.invalidTopology, "the store \(name) is not versioned")
        }
        return store
    }

    fileprivate func ordered(_ name: String) throws -> any OrderedBytesStore {
        guard let store = ordered else {
            throw StreamsError(.invalidTopology, "the store \(name) is not ordered")
        }
        return store
    }
}
