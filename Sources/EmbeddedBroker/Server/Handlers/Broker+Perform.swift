import NIOCore

extension Broker {
    /// Passes a request to its handler.
    func perform(_ call: Call, _ body: ByteBuffer) throws(MalformedMessage) {
        switch call.api {
        case .apiVersions: try answer(call, body, with: apiVersions)
        case .saslHandshake: try answer(call, body, with: saslHandshake)
        case .metadata: try answer(call, body, with: metadata)
        case .describeCluster: try answer(call, body, with: describeCluster)

        case .produce: try answerLater(call, body, with: produce)
        case .fetch: try answerLater(call, body, with: fetch)
        case .listOffsets: try answer(call, body, with: listOffsets)
        case .offsetForLeaderEpoch: try answer(call, body, with: offsetForLeaderEpoch)
        case .deleteRecords: try answer(call, body, with: deleteRecords)

        case .createTopics: try answer(call, body, with: createTopics)
        case .deleteTopics: try answer(call, body, with: deleteTopics)
        case .createPartitions: try answer(call, body, with: createPartitions)
        case .describeConfigs: try answer(call, body, with: describeConfigs)
        case .alterConfigs: try answer(call, body, with: alterConfigs)
        case .incrementalAlterConfigs: try answer(call, body, with: incrementalAlterConfigs)

        case .findCoordinator: try answer(call, body, with: findCoordinator)
        case .joinGroup: try answerLater(call, body, with: joinGroup)
        case .syncGroup: try answerLater(call, body, with: syncGroup)
        case .heartbeat: try answer(call, body, with: heartbeat)
        case .leaveGroup: try answer(call, body, with: leaveGroup)
        case .describeGroups: try answer(call, body, with: describeGroups)
        case .listGroups: try answer(call, body, with: listGroups)
        case .deleteGroups: try answer(call, body, with: deleteGroups)
        case .offsetCommit: try answer(call, body, with: commitOffsets)
        case .offsetFetch: try answer(call, body, with: fetchOffsets)
        case .offsetDelete: try answer(call, body, with: deleteOffsets)

        case .initProducerID: try answer(call, body, with: initProducerID)
        case .addPartitionsToTxn: try answer(call, body, with: addPartitionsToTransaction)
        case .addOffsetsToTxn: try answer(call, body, with: addOffsetsToTransaction)
        case .endTxn: try answer(call, body, with: endTransaction)
        case .txnOffsetCommit: try answer(call, body, with: commitTransactionOffsets)
        case .listTransactions: try answer(call, body, with: listTransactions)
        case .describeTransactions: try answer(call, body, with: describeTransactions)
        case .describeProducers: try answer(call, body, with: describeProducers)
        }
    }
}
