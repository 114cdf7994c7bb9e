import ClusterCore

extension Broker {
    func listOffsets(_ request: ListOffsets.Request, _ call: Call) -> ListOffsets.Response {
        let isolation = IsolationLevel(rawValue: request.isolationLevel) ?? .readUncommitted
        var response = ListOffsets.Response()
        response.topics = request.topics.map { topic in
            WireTopic(
                topic.name,
                topic.partitions.map { listOffset($0, topic: topic.name, isolation, call.version) })
        }
        return response
    }

    private func listOffset(
        _ asked: ListOffsets.Request.Partition, topic: String, _ isolation: IsolationLevel, _ version: Int16
    ) -> ListOffsets.Response.Partition {
        var answer = ListOffsets.Response.Partition()
        answer.index = asked.index
        do throws(KafkaError) {
            let spec = OffsetSpec(timestampMs: asked.timestampMs)
            guard let spec else { throw KafkaError(.unsupportedForMessageFormat) }
            let found = try cluster.listOffset(
                TopicPartition(topic, asked.index), spec, isolation: isolation,
                currentLeaderEpoch: asked.currentLeaderEpoch)
            answer.offset = found.offset
            answer.timestampMs = found.timestampMs
            answer.leaderEpoch = found.leaderEpoch
            if version == 0 && found.offset >= 0 && asked.maxNumOffsets > 0 { answer.oldStyleOffsets = [found.offset] }
        } catch {
            answer.error = error.code
        }
        return answer
    }

    func offsetForLeaderEpoch(_ request: OffsetForLeaderEpoch.Request, _: Call) -> OffsetForLeaderEpoch.Response {
        var response = OffsetForLeaderEpoch.Response()
        response.topics = request.topics.map { topic in
            WireTopic(
                topic.name,
                topic.partitions.map { asked in
                    var answer = OffsetForLeaderEpoch.Response.Partition()
                    answer.index = asked.index
                    do throws(KafkaError) {
                        (answer.leaderEpoch, answer.endOffset) = try cluster.endOffset(
                            TopicPartition(topic.name, asked.index), ofLeaderEpoch: asked.leaderEpoch,
                            currentLeaderEpoch: asked.currentLeaderEpoch)
                    } catch {
                        answer.error = error.code
                    }
                    return answer
                })
        }
        return response
    }

    func deleteRecords(_ request: DeleteRecords.Request, _: Call) -> DeleteRecords.Response {
        var response = DeleteRecords.Response()
        response.topics = request.topics.map { topic in
            WireTopic(
                topic.name,
                topic.partitions.map { asked in
                    var answer = DeleteRecords.Response.Partition()
                    answer.index = asked.index
                    do throws(KafkaError) {
                        answer.lowWatermark = try cluster.deleteRecords(
                            TopicPartition(topic.name, asked.index), beforeOffset: asked.offset, nowMs: nowMs)
                    } catch {
                        answer.error = error.code
                    }
                    return answer
                })
        }
        return response
    }
}

extension OffsetSpec {
    /// The meaning of a time in ListOffsets; nil for a negative one without a meaning.
    init?(timestampMs: Int64) {
        switch timestampMs {
        case 0...: self = .timestamp(timestampMs)
        case -1: self = .latest
        case -2, -4: self = .earliest
        case -3: self = .maxTimestamp
        default: return nil
        }
    }
}
