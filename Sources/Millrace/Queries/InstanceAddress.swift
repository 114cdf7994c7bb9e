/// Where an instance answers queries of others, as the application's own server understands it. Kafka: `HostInfo`.
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
    /// - Parameter text: `HOST:PORT`, an IPv6 host in brackets; `nil` for anything else.
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

/// Who has a key of a store. Kafka: `KeyQueryMetadata`.
public struct KeyMetadata: Hashable, Sendable {
    /// The partition of the store that has the key, as Kafka's default partitioner chooses it.
    public var partition: Int32
    /// Whether that partition is this instance's.
    public var isHere: Bool
    /// The address of the instance that has the partition, where it was given one; `nil` as well while the group is
    /// rebalancing.
    public var address: InstanceAddress?
    /// The addresses of the instances that keep a copy of it as a standby, the one that would take it over first; they answer
    /// queries that do not mind if it is behind (``StoreQuery/enableStaleStores()``). Kafka: `standbyHosts`.
    public var standbyAddresses: [InstanceAddress]

    package init(partition: Int32, isHere: Bool, address: InstanceAddress?, standbyAddresses: [InstanceAddress] = []) {
        self.partition = partition
        self.isHere = isHere
        self.address = address
        self.standbyAddresses = standbyAddresses
    }
}

/// What one instance of the application has. Kafka: `StreamsMetadata`.
public struct InstanceMetadata: Hashable, Sendable {
    /// `nil` for instances that were given none, all of them together.
    public var address: InstanceAddress?
    /// The names of its stores.
    public var stores: Set<String>
    /// The partitions that it reads.
    public var partitions: Set<TopicPartition>
    /// The names of the stores of which it keeps copies as a standby. Kafka: `standbyStateStoreNames`.
    public var standbyStores: Set<String> = []
    /// The partitions that the active tasks of those copies read. Kafka: `standbyTopicPartitions`.
    public var standbyPartitions: Set<TopicPartition> = []

    package init(address: InstanceAddress?, stores: Set<String> = [], partitions: Set<TopicPartition> = []) {
        self.address = address
        self.stores = stores
        self.partitions = partitions
    }
}
