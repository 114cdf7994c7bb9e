/// A kind of request: its number in the Kafka protocol.
package enum API: Int16, CaseIterable, Sendable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
    case describeGroups = 15
    case listGroups = 16
    case saslHandshake = 17
    case apiVersions = 18
    case createTopics = 19
    case deleteTopics = 20
    case deleteRecords = 21
    case initProducerID = 22
    case offsetForLeaderEpoch = 23
    case addPartitionsToTxn = 24
    case addOffsetsToTxn = 25
    case endTxn = 26
    case txnOffsetCommit = 28
    case describeConfigs = 32
    case alterConfigs = 33
    case createPartitions = 37
    case deleteGroups = 42
    case incrementalAlterConfigs = 44
    case offsetDelete = 47
    case describeCluster = 60
    case describeProducers = 61
    case describeTransactions = 65
    case listTransactions = 66
}

extension API {
    /// The versions that the broker answers.
    var versions: ClosedRange<Int16> { layout.versions }

    /// Whether the version has compact lengths and tagged fields (KIP-482).
    func isFlexible(_ version: Int16) -> Bool {
        layout.flexibleSince.map { version >= $0 } ?? false
    }

    /// The request's header has tagged fields.
    func requestHeaderIsFlexible(_ version: Int16) -> Bool {
        isFlexible(version)
    }

    /// The response's header has tagged fields: never in ApiVersions, whose reader does not know the version yet.
    func responseHeaderIsFlexible(_ version: Int16) -> Bool {
        self != .apiVersions && isFlexible(version)
    }

    private var layout: (versions: ClosedRange<Int16>, flexibleSince: Int16?) {
        switch self {
        // Versions 0 to 2 are for the record formats before v2, which are refused; librdkafka takes the presence of
        // version 0 as a condition for compression.
        case .produce: (0...10, 9)
        case .fetch: (4...16, 12)
        case .listOffsets: (0...7, 6)
        case .metadata: (0...12, 9)
        case .offsetCommit: (0...9, 8)
        case .offsetFetch: (0...9, 6)
        case .findCoordinator: (0...5, 3)
        case .joinGroup: (0...9, 6)
        case .heartbeat: (0...4, 4)
        case .leaveGroup: (0...5, 4)
        case .syncGroup: (0...5, 4)
        case .describeGroups: (0...5, 5)
        case .listGroups: (0...5, 3)
        case .saslHandshake: (0...1, nil)
        case .apiVersions: (0...3, 3)
        case .createTopics: (0...7, 5)
        case .deleteTopics: (0...6, 4)
        case .deleteRecords: (0...2, 2)
        case .initProducerID: (0...4, 2)
        case .offsetForLeaderEpoch: (0...4, 4)
        case .addPartitionsToTxn: (0...3, 3)
        case .addOffsetsToTxn: (0...3, 3)
        case .endTxn: (0...3, 3)
        case .txnOffsetCommit: (0...3, 3)
        case .describeConfigs: (0...4, 4)
        case .alterConfigs: (0...2, 2)
        case .createPartitions: (0...3, 2)
        case .deleteGroups: (0...2, 2)
        case .incrementalAlterConfigs: (0...1, 1)
        case .offsetDelete: (0...0, nil)
        case .describeCluster: (0...1, 0)
        case .describeProducers: (0...0, 0)
        case .describeTransactions: (0...0, 0)
        case .listTransactions: (0...1, 0)
        }
    }
}
