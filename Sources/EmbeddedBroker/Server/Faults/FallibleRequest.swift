import ClusterCore

/// A request that can be refused as a whole.
protocol FallibleRequest: WireRequest {
    /// The topics it is about.
    func topicNames(in cluster: Cluster) -> [String]

    /// The answer with the error in every field that its version has for one.
    func failed(_ error: KafkaError, version: Int16) -> Response
}

extension FallibleRequest {
    func topicNames(in cluster: Cluster) -> [String] { [] }
}

extension [WireTopic<Int32>] {
    /// The same error for each partition.
    func failed(_ error: KafkaError) -> [WireTopic<WirePartitionResult>] {
        map { topic in
            WireTopic(topic.name, topic.partitions.map { WirePartitionResult(index: $0, error: error.code) })
        }
    }
}
