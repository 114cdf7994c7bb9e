/// The address at which an instance answers other instances' queries, as the application's own server understands it. Kafka:
/// `HostInfo`.
public struct InstanceAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without brackets.
    public var host: String
    /// The port.
    public var port: Int

    /// Makes an address.
    ///
    /// - Parameters:
    ///   - host: a name or an address.
    ///   - port: the port.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads an address from text.
    ///
    /// - Parameter text: `HOST:PORT`, with an IPv6 host in brackets; `nil` for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { "@/[]".contains($0) || $0.isWhitespace }) else { return nil }
        self.init(host: String(host), port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The owner of a key of a store. Kafka: `KeyQueryMetadata`.
public struct KeyMetadata: Hashable, Sendable {
    /// The partition of the store that has the key, as Kafka's default partitioner chooses it.
    public var partition: Int32
    /// Whether this instance owns that partition.
    public var isHere: Bool
    /// The address of the instance that owns the partition; `nil` if it was given none, or while the group is rebalancing.
    public var address: InstanceAddress?
    /// The addresses of the instances that have the partition as a standby, in the order in which they would take it over. They
    /// answer queries that accept a state that is behind (``StoreQuery/enableStaleStores()``). Kafka: `standbyHosts`.
    public var standbyAddresses: [InstanceAddress]

    package init(partition: Int32, isHere: Bool, address: InstanceAddress?, standbyAddresses: [InstanceAddress] = []) {
        self.partition = partition
        self.isHere = isHere
        self.address = address
        self.standbyAddresses = standbyAddresses
    }
}

/// The stores and partitions of one instance of the application. Kafka: `StreamsMetadata`.
public struct InstanceMetadata: Hashable, Sendable {
    /// The instance's address; `nil` for all those instances together that were given none.
    public var address: InstanceAddress?
    /// The names of its stores.
    public var stores: Set<String>
    /// The partitions that it reads.
    public var partitions: Set<TopicPartition>
    /// The names of the stores that it keeps as a standby. Kafka: `standbyStateStoreNames`.
    public var standbyStores: Set<String> = []
    /// The partitions that the active tasks of those stores read. Kafka: `standbyTopicPartitions`.
    public var standbyPartitions: Set<TopicPartition> = []

    package init(address: InstanceAddress?, stores: Set<String> = [], partitions: Set<TopicPartition> = []) {
        self.address = address
        self.stores = stores
        self.partitions = partitions
    }
}
