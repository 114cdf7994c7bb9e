import ClusterCore

extension Broker {
    /// The first version of Produce whose records are batches of format v2.
    private static let firstProduceVersion: Int16 = 3

    func produce(_ request: Produce.Request, _ call: Call) {
        guard call.version >= Self.firstProduceVersion else {
            guard request.acks != 0 else {
                return call.connection.close(because: "records in a format before v2")
            }
            return call.answer(request.failed(KafkaError(.unsupportedVersion), version: call.version))
        }
        var response = Produce.Response()
        var hasFailed = false
        response.topics = request.topics.map { topic in
            WireTopic(
                topic.name,
                topic.partitions.map { partition in
                    let answer = append(partition, topic: topic.name, request)
                    hasFailed = hasFailed || answer.error != .none
                    return answer
                })
        }
        settle()
        guard request.acks == 0 else { return call.answer(response) }
        if hasFailed {
            // There is no other way to tell the producer.
            call.connection.close(because: "records that need no acknowledgement were refused")
        } else {
            call.skipAnswer()
        }
    }

    private func append(
        _ partition: Produce.Request.Partition, topic: String, _ request: Produce.Request
    ) -> Produce.Response.Partition {
        var answer = Produce.Response.Partition()
        answer.index = partition.index
        do throws(KafkaError) {
            let appended = try cluster.produce(
                partition.records?.joined() ?? [], to: TopicPartition(topic, partition.index),
                transactionalID: request.transactionalID, acks: request.acks, nowMs: nowMs)
            answer.baseOffset = appended.baseOffset
            answer.logAppendTimeMs = appended.logAppendTimeMs
            answer.logStartOffset = appended.logStartOffset
        } catch {
            answer.error = error.code
            answer.errorMessage = error.message
        }
        return answer
    }
}
