/// A store of an application, for those who do not know the Swift types of its keys and values.
///
/// ```swift
/// for store in application.stores { print(store.name, store.kind.rawValue, store.key?.name ?? "-") }
/// ```
public struct StoreDescription: Sendable, Identifiable {
    /// The kinds of stores, and with it how a store can be read.
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
        /// A store of the user's own type, read by its own view.
        case custom
        /// Results that are held back. It cannot be read.
        case suppressionBuffer = "suppression-buffer"
    }

    /// One partition of the store, as this instance sees it.
    public struct Partition: Sendable, Identifiable {
        /// The place of a partition, as this instance sees it.
        public enum Place: String, Sendable {
            /// It is this instance's and can be read.
            case here
            /// It is this instance's and is being restored, or nobody has asked for the store yet.
            case unavailable
            /// This instance keeps a copy, which is read only where a read accepts one that may be behind.
            case standby
            /// It is another instance's.
            case elsewhere
        }

        /// The partition's number.
        public var id: Int32
        /// Whether the partition is here and can be read.
        public var place: Place
        /// The address of the instance that has it, where it was given one; `nil` as well while the group rebalances.
        public var owner: InstanceAddress?
        /// The addresses of the instances with copies of it.
        public var standbys: [InstanceAddress]
        /// The partition's progress; `nil` where it cannot be read here.
        public var position: Position?
        /// About how many entries it has; `nil` where that is not known here. Entries that changed a moment ago may count twice.
        public var approximateEntryCount: Int?
        /// About how many bytes the entries take; `nil` where that is not known here.
        public var approximateSizeInBytes: Int?

        package init(id: Int32, place: Place, owner: InstanceAddress?, standbys: [InstanceAddress]) {
            self.id = id
            self.place = place
            self.owner = owner
            self.standbys = standbys
        }
    }

    /// The store's name.
    public var id: String { name }
    /// The store's name.
    public var name: String
    /// The kind of store, which says how it can be read.
    public var kind: Kind
    /// Whether every instance has all of it.
    public var isGlobal: Bool
    /// The serde of its keys, without their windows; `nil` for a custom store.
    public var key: AnySerde?
    /// The serde of its values; `nil` for a custom store.
    public var value: AnySerde?
    /// The topics that a ``Position`` of the store is in.
    public var inputTopics: [String]
    /// One for each of the store's partitions; empty until the application has been started.
    public var partitions: [Partition]

    package init(_ plan: StorePlan, isGlobal: Bool, inputTopics: [String], partitions: [Partition]) {
        name = plan.name
        kind = Kind(plan.kind)
        self.isGlobal = isGlobal
        key = plan.serdes?.key
        value = plan.serdes?.value
        self.inputTopics = inputTopics
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
package struct StoreSerdes: Sendable {
    package var key: AnySerde
    package var value: AnySerde

    /// - Returns: `nil` where one of them is missing, which is an error of the topology.
    package init?<Key, Value>(_ key: Serde<Key>?, _ value: Serde<Value>?) {
        guard let key, let value else { return nil }
        (self.key, self.value) = (key.erased, value.erased)
    }
}
