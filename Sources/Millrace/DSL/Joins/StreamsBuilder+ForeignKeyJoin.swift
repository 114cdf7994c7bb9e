/// The names of a foreign-key join's pieces, in the order in which Kafka Streams numbers them.
@usableFromInline
struct ForeignKeyJoinNames {
    @usableFromInline var subscriptionTopic: String
    @usableFromInline var send: String
    @usableFromInline var subscriptionSink: String
    @usableFromInline var subscriptionSource: String
    @usableFromInline var subscriptionStore: String
    @usableFromInline var receive: String
    @usableFromInline var answer: String
    @usableFromInline var notify: String
    @usableFromInline var responseTopic: String
    @usableFromInline var responseSink: String
    @usableFromInline var responseSource: String
    @usableFromInline var resolve: String
    @usableFromInline var result: String
}

extension StreamsBuilder {
    /// New names for a foreign-key join. Kafka: `KTableImpl.doJoinOnForeignKey`.
    @usableFromInline
    func newForeignKeyJoinNames(_ name: String?) -> ForeignKeyJoinNames {
        func new(_ suffix: String, _ prefix: String) -> String { newName(prefix, unless: name, suffix: suffix) }
        let join = "KTABLE-FK-JOIN-"
        return ForeignKeyJoinNames(
            subscriptionTopic: new("-subscription-registration", "\(join)SUBSCRIPTION-REGISTRATION-") + "-topic",
            send: new("-subscription-registration-processor", "\(join)SUBSCRIPTION-REGISTRATION-"),
            subscriptionSink: new("-subscription-registration-sink", "KTABLE-SINK-"),
            subscriptionSource: new("-subscription-registration-source", "KTABLE-SOURCE-"),
            subscriptionStore: new("-subscription-store", "\(join)SUBSCRIPTION-STATE-STORE-"),
            receive: new("-subscription-receive", "\(join)SUBSCRIPTION-PROCESSOR-"),
            answer: new("-subscription-join-foreign", "\(join)SUBSCRIPTION-PROCESSOR-"),
            notify: new("-foreign-join-subscription", "\(join)SUBSCRIPTION-PROCESSOR-"),
            responseTopic: new("-subscription-response", "\(join)SUBSCRIPTION-RESPONSE-") + "-topic",
            responseSink: new("-subscription-response-sink", "KTABLE-SINK-"),
            responseSource: new("-subscription-response-source", "KTABLE-SOURCE-"),
            resolve: new("-subscription-response-resolver", "\(join)SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-"),
            result: new("-result", "\(join)OUTPUT-"))
    }

    /// Adds the path of subscriptions from the left table to the right one's partitions.
    @usableFromInline
    func addForeignKeySubscription(
        _ elements: [PlanElement], named name: String, through topic: String, of left: Int, to right: Int
    ) -> Int {
        plan.materializeForLookup(in: right)
        let node = add(
            [.repartitionTopic(RepartitionTopic(name: topic))] + elements, named: name, to: [left], values: .none,
            isMaterialized: true)
        plan[node].isCopartitioned = true
        return node
    }

    /// Adds the path of answers back to the left table's partitions, and the table that results.
    @usableFromInline
    func addForeignKeyResult(
        _ elements: [PlanElement], named name: String, through topic: String, to parents: [Int], of left: Int,
        isMaterialized: Bool
    ) -> Int {
        plan.materializeForLookup(in: left)
        let node = add(
            [.repartitionTopic(RepartitionTopic(name: topic))] + elements, named: name, to: parents, values: .store,
            isMaterialized: isMaterialized)
        plan[node].isCopartitioned = true
        return node
    }
}

extension StorePlan {
    /// The store of the subscriptions to a partition's foreign keys. Kafka: `SubscriptionStoreFactory`.
    @usableFromInline
    static func subscriptions(name: String) -> StorePlan {
        StorePlan(
            name: name, kind: .timestampedKeyValue, supplier: nil, isCached: false, changelogConfiguration: [:])
    }
}
