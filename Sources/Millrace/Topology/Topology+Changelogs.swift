extension Topology {
    /// The changelog topic of each store that has one, by the store's name. Kafka: `ProcessorTopology.storeToChangelogTopic`.
    ///
    /// ```swift
    /// for (store, topic) in topology.changelogTopics { print(store, topic.name) }
    /// ```
    public var changelogTopics: [String: TopologyGraph.Topic] {
        var topics: [String: TopologyGraph.Topic] = [:]
        for subtopology in subtopologies {
            for store in subtopology.stores {
                if let topic = store.changelogTopic { topics[store.name] = TopologyGraph.Topic(topic) }
            }
        }
        return topics
    }
}
