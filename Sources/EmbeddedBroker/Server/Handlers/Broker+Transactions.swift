import ClusterCore

extension Broker {
    func initProducerID(_ request: InitProducerID.Request, _ call: Call) -> InitProducerID.Response {
        do throws(KafkaError) {
            let identity = try cluster.initProducerID(
                transactionalID: request.transactionalID, transactionTimeoutMs: request.transactionTimeoutMs,
                current: ProducerIdentity(producerID: request.producerID, epoch: request.producerEpoch),
                requestVersion: call.version, nowMs: nowMs)
            var response = InitProducerID.Response()
            response.producerID = identity.producerID
            response.producerEpoch = identity.epoch
            return response
        } catch {
            return request.failed(error, version: call.version)
        }
    }

    func addPartitionsToTransaction(
        _ request: AddPartitionsToTxn.Request, _ call: Call
    ) -> AddPartitionsToTxn.Response {
        do throws(KafkaError) {
            var response = AddPartitionsToTxn.Response()
            response.topics = try cluster.addPartitionsToTransaction(
                request.transactionalID,
                producer: ProducerIdentity(producerID: request.producerID, epoch: request.producerEpoch),
                partitions: request.topics.flatMap { topic in
                    topic.partitions.map { TopicPartition(topic.name, $0) }
                }, requestVersion: call.version, nowMs: nowMs
            ).groupedByTopic()
            return response
        } catch {
            return request.failed(error, version: call.version)
        }
    }

    func addOffsetsToTransaction(_ request: AddOffsetsToTxn.Request, _ call: Call) -> AddOffsetsToTxn.Response {
        do throws(KafkaError) {
            try cluster.addOffsetsToTransaction(
                request.transactionalID,
                producer: ProducerIdentity(producerID: request.producerID, epoch: request.producerEpoch),
                groupID: request.groupID, requestVersion: call.version, nowMs: nowMs)
            return AddOffsetsToTxn.Response()
        } catch {
            return request.failed(error, version: call.version)
        }
    }

    func endTransaction(_ request: EndTxn.Request, _ call: Call) -> EndTxn.Response {
        do throws(KafkaError) {
            try cluster.endTransaction(
                request.transactionalID,
                producer: ProducerIdentity(producerID: request.producerID, epoch: request.producerEpoch),
                commit: request.committed, requestVersion: call.version, nowMs: nowMs)
            return EndTxn.Response()
        } catch {
            return request.failed(error, version: call.version)
        }
    }

    func commitTransactionOffsets(_ request: TxnOffsetCommit.Request, _ call: Call) -> TxnOffsetCommit.Response {
        let member = GroupMembership(
            groupID: request.groupID, generationID: request.generationID, memberID: request.memberID,
            groupInstanceID: request.groupInstanceID)
        let offsets = request.topics.flatMap { topic in
            topic.partitions.map { partition in
                OffsetToCommit(
                    TopicPartition(topic.name, partition.index),
                    CommittedOffset(
                        offset: partition.offset, leaderEpoch: partition.leaderEpoch, metadata: partition.metadata ?? ""
                    ))
            }
        }
        do throws(KafkaError) {
            var response = TxnOffsetCommit.Response()
            response.topics = try cluster.commitTransactionOffsets(
                request.transactionalID,
                producer: ProducerIdentity(producerID: request.producerID, epoch: request.producerEpoch),
                member: member, offsets: offsets, nowMs: nowMs
            ).groupedByTopic()
            return response
        } catch {
            return request.failed(error, version: call.version)
        }
    }
}
