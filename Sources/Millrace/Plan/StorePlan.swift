/// A state store as the topology needs it.
@usableFromInline
package struct StorePlan: Sendable {
    @usableFromInline package var name: String
    /// The kind of the store: its contents, their order, how long they are kept, and how changelog records become entries.
    package var kind: StoreKind
    /// The engine that keeps the entries; in a plan `nil` for the one that the topology's builder has chosen.
    package var supplier: StoreSupplier?
    /// Makes a custom store, which no engine keeps; `nil` for all other kinds.
    package var makeStateStore: (@Sendable (StateStoreContext) throws -> any StateStore)?
    /// Whether changes wait in a cache until the next commit.
    package var isCached: Bool
    /// Settings of the changelog topic that differ from those of the kind; `nil` for a store without a changelog.
    package var changelogConfiguration: [String: String]?
    /// The topic for records that are too late for the store; `nil` to drop them.
    package var lateTopic: String?
    /// The source topic that serves as the changelog, if that optimisation was applied to the topology.
    package var sourceTopicAsChangelog: String?
    /// The types that queries have to ask for, as far as they are known.
    package var types: StoreTypes?
    /// The serdes of its keys and values, as far as they are known.
    package var serdes: StoreSerdes?
    /// The indexes over its entries.
    package var indexes: [StoreIndexPlan] = []

    package init(
        name: String, kind: StoreKind, supplier: StoreSupplier?, isCached: Bool = true,
        changelogConfiguration: [String: String]?, types: StoreTypes? = nil
    ) {
        self.types = types
        self.isCached = isCached
        self.name = name
        self.kind = kind
        self.supplier = supplier
        self.changelogConfiguration = changelogConfiguration
    }

    @usableFromInline package var sendsLateRecords: Bool { lateTopic != nil }

    /// Whether the store has an index of this name.
    package func hasIndex(named name: String) -> Bool { indexes.contains { $0.name == name } }

    /// Whether nothing is kept but the buffer of the task's writes.
    package var isInMemory: Bool {
        if case .memory? = supplier?.choice { true } else { false }
    }

    /// Whether a separate database keeps the store's entries on disk.
    package var isOnDisk: Bool {
        if case .ofInstance? = supplier?.choice { makeStateStore == nil } else { false }
    }

    /// The store's changelog, if it has one.
    package var changelogTopic: TopicName? {
        if let sourceTopicAsChangelog { return .external(sourceTopicAsChangelog) }
        return changelogConfiguration == nil ? nil : .internal("\(name)-changelog")
    }

    /// Whether a restored store needs only the newest of several changelog records of a key.
    package var isChangelogCompactable: Bool { changelogTopicConfiguration["min.compaction.lag.ms"] == nil }

    /// All settings with which the changelog topic is created.
    package var changelogTopicConfiguration: [String: String] {
        kind.changelogTopicConfiguration.merging(changelogConfiguration ?? [:], uniquingKeysWith: { $1 })
    }
}
