/// A description of a store of an application, for code that does not know the Swift types of its keys and values.
///
/// ```swift
/// for store in application.stores { print(store.name, store.kind.rawValue, store.key?.name ?? "-") }
/// ```
public struct StoreDescription: Sendable, Identifiable {
    /// The kind of a store, which decides how it can be read.
    public enum Kind: String, Sendable, CaseIterable {
        /// The newest value of each key.
        case keyValue = "key-value"
        /// The newest value of each key, with its timestamp.
        case timestampedKeyValue = "timestamped-key-value"
        /// Values by key and window.
        case window
        /// Values by key and window, with their timestamps.
        case timestampedWindow = "timestamped-window"
        /// Values by key and session.
        case session
        /// The versions of each key's value.
        case versionedKeyValue = "versioned-key-value"
        /// A store of a custom type, read through its own view.
        case custom
        /// Results that are held back. The store cannot be read.
        case suppressionBuffer = "suppression-buffer"
    }

    /// One partition of the store, as this instance sees it.
    public struct Partition: Sendable, Identifiable {
        /// The location of a partition, as this instance sees it.
        public enum Location: String, Sendable {
            /// This instance owns the partition, which can be read.
            case here
            /// This instance owns the partition, which is being restored or belongs to a store that has not been queried
            /// yet.
            case unavailable
            /// This instance has the partition as a standby. It is read only if a read accepts a state that is behind.
            case standby
            /// Another instance owns the partition.
            case elsewhere
        }

        /// The partition's number.
        public var id: Int32
        /// The location of the partition, which decides whether it can be read.
        public var location: Location
        /// The address of the instance that owns it; `nil` if that was given none, or while the group is rebalancing.
        public var owner: InstanceAddress?
        /// The addresses of the instances that have it as a standby.
        public var standbys: [InstanceAddress]
        /// The partition's progress; `nil` if it cannot be read here.
        public var position: Position?
        /// The approximate number of its entries; `nil` if it is not known here. Entries that changed recently may count
        /// twice.
        public var approximateEntryCount: Int?
        /// The approximate number of bytes that the entries take; `nil` if it is not known here.
        public var approximateSizeInBytes: Int?
        /// The figures of the store's indexes, by their names, as far as this instance has the partition, as a standby too. An
        /// index whose kind gives no figures has none.
        public var indexFigures: [String: StoreIndexFigures] = [:]

        package init(id: Int32, location: Location, owner: InstanceAddress?, standbys: [InstanceAddress]) {
            self.id = id
            self.location = location
            self.owner = owner
            self.standbys = standbys
        }
    }

    /// An index of the store.
    public struct Index: Sendable, Identifiable {
        /// The index's name.
        public var id: String { name }
        /// The index's name.
        public var name: String
        /// The kind of index, in words.
        public var kind: String
        /// The properties of its declaration.
        public var properties: [StoreIndexProperty]
        /// Whether code can search it that does not know its kind, such as a server.
        public var isSearchable: Bool

        init(_ plan: StoreIndexPlan) {
            name = plan.name
            kind = plan.kind
            properties = plan.access?.properties ?? []
            isSearchable = plan.access != nil
        }
    }

    /// The store's name.
    public var id: String { name }
    /// The store's name.
    public var name: String
    /// The kind of store, which decides how it can be read.
    public var kind: Kind
    /// Whether every instance has the whole store.
    public var isGlobal: Bool
    /// The serde of its keys, without their windows; `nil` for a custom store.
    public var key: AnySerde?
    /// The serde of its values; `nil` for a custom store.
    public var value: AnySerde?
    /// The topics whose offsets a ``Position`` of the store consists of.
    public var inputTopics: [String]
    /// The store's indexes.
    public var indexes: [Index]
    /// The store's partitions; empty until the application has been started.
    public var partitions: [Partition]

    package init(_ plan: StorePlan, isGlobal: Bool, inputTopics: [String], partitions: [Partition]) {
        name = plan.name
        kind = Kind(plan.kind)
        self.isGlobal = isGlobal
        key = plan.serdes?.key
        value = plan.serdes?.value
        self.inputTopics = inputTopics
        indexes = plan.indexes.map(Index.init)
        self.partitions = partitions
    }
}

extension StoreDescription.Kind {
    package init(_ kind: StoreKind) {
        let isTimestamped = kind.values == .timestamped
        self =
            switch kind.access {
            case .hashed: isTimestamped ? .timestampedKeyValue : .keyValue
            case .buffered: .suppressionBuffer
            case .custom: .custom
            case .versioned: .versionedKeyValue
            case .ordered(let keys):
                switch keys.time {
                case .none: .keyValue
                case .window: isTimestamped ? .timestampedWindow : .window
                case .session: .session
                case .version: .versionedKeyValue
                }
            }
    }
}

/// The serdes of a store's keys, without their windows, and of its values, without their timestamps.
@usableFromInline
package struct StoreSerdes: Sendable {
    package var key: AnySerde
    package var value: AnySerde
    /// The typed `Serde` of each.
    private let typedKey: any Sendable
    private let typedValue: any Sendable

    /// - Returns: `nil` if one of them is missing, which is an error of the topology.
    @usableFromInline
    package init?<Key, Value>(_ key: Serde<Key>?, _ value: Serde<Value>?) {
        guard let key, let value else { return nil }
        (self.key, self.value) = (key.erased, value.erased)
        (typedKey, typedValue) = (key, value)
    }

    /// Returns the serde of the keys; `nil` if they are of another type.
    func key<Key>(as type: Key.Type) -> Serde<Key>? { typedKey as? Serde<Key> }

    /// Returns the serde of the values; `nil` if they are of another type.
    func value<Value>(as type: Value.Type) -> Serde<Value>? { typedValue as? Serde<Value> }
}
