import ClusterCore
import Testing

@Suite("Producing")
struct ProduceTests {
    @Test("batches get consecutive offsets and are stored as received")
    func offsets() throws {
        let (cluster, partition) = try clusterWithTopic()
        #expect(try cluster.produce(values("a", "b"), to: partition, nowMs: 0).baseOffset == 0)
        #expect(try cluster.produce(values("c"), to: partition, nowMs: 0).baseOffset == 2)
        let stored = try cluster.fetch(partition, from: 0, maxBytes: 1_000, isolation: .readUncommitted).batches
        #expect(stored[1].bytes.dropFirst(17) == values("c").dropFirst(17))
        #expect(stored.allSatisfy { $0.hasValidChecksum && $0.header.leaderEpoch == 0 })
        #expect(cluster.takeAdvanced() == [partition])
        #expect(cluster.takeAdvanced().isEmpty)
    }

    @Test("anything but a sound batch of version 2 is refused")
    func refusals() throws {
        let (cluster, partition) = try clusterWithTopic(configs: ["max.message.bytes": "200"])
        func refused(_ bytes: [UInt8], acks: Int16 = -1, to target: TopicPartition? = nil) -> KafkaErrorCode {
            code(try cluster.produce(bytes, to: target ?? partition, acks: acks, nowMs: 0))
        }
        func broken(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
            var bytes = values("a")
            change(&bytes)
            return bytes
        }
        let producer = ProducerIdentity(producerID: 5, epoch: 0)
        var control = RecordBatchWriter(producer: producer, baseSequence: 0, isControl: true)
        control.append(key: [0, 0, 0, 0], value: [], timestampMs: 0)
        #expect(refused(values("a")) == .none)
        #expect(refused(broken { $0[16] = 1 }) == .invalidRecord)
        #expect(refused(broken { $0[60] ^= 1 }) == .corruptMessage)
        #expect(refused(Array(values("a").dropLast())) == .corruptMessage)
        #expect(refused([]) == .corruptMessage)
        #expect(refused(values("a") + values("b")) == .invalidRecord)
        #expect(refused(broken { $0[7] = 1 }) == .invalidRecord)
        #expect(refused(values(String(repeating: "x", count: 300))) == .messageTooLarge)
        #expect(refused(control.finish()) == .invalidRecord)
        #expect(refused(values("a", producer: producer, sequence: -1)) == .invalidRecord)
        #expect(refused(values("a", isTransactional: true)) == .invalidRecord)
        #expect(refused(values("a"), acks: 2) == .invalidRequiredAcks)
        #expect(refused(values("a"), to: TopicPartition("t", 1)) == .unknownTopicOrPartition)
        #expect(refused(values("a"), to: TopicPartition("u", 0)) == .unknownTopicOrPartition)
    }

    @Test("a topic that wants two in-sync replicas refuses acks=all, but accepts acks=1")
    func inSyncReplicas() throws {
        let (cluster, partition) = try clusterWithTopic(configs: ["min.insync.replicas": "2"])
        #expect(
            code(try cluster.produce(values("a"), to: partition, nowMs: 0))
                == .notEnoughReplicas)
        _ = try cluster.produce(values("a"), to: partition, acks: 1, nowMs: 0)
    }

    @Test("a topic with append times stamps batches with the broker's time")
    func appendTime() throws {
        let (cluster, partition) = try clusterWithTopic(configs: ["message.timestamp.type": "LogAppendTime"])
        let answer = try cluster.produce(values("a", timestampMs: 5), to: partition, nowMs: 99)
        #expect(answer.logAppendTimeMs == 99)
        let stored = try cluster.fetch(partition, from: 0, maxBytes: 1_000, isolation: .readCommitted).batches[0]
        #expect(stored.hasValidChecksum)
        #expect(try RecordBatchReader.records(of: stored).map(\.timestampMs) == [99])
    }

    @Test("a compacted topic refuses records without a key")
    func compactedNeedsKeys() throws {
        let (cluster, partition) = try clusterWithTopic(configs: ["cleanup.policy": "compact"])
        #expect(
            code(try cluster.produce(values("a"), to: partition, nowMs: 0))
                == .invalidRecord)
        _ = try cluster.produce(batch([("k", nil)]), to: partition, nowMs: 0)
    }

    /// The answer to a step of epoch, first sequence number and records: an offset or a code.
    enum Answer: Equatable {
        case at(Int64)
        case refused(KafkaErrorCode)
    }

    @Test(
        "sequence numbers and epochs decide which batches are accepted",
        arguments: [
            ("in order", [(0, 0, 2, .at(0)), (0, 2, 1, .at(2)), (0, 3, 1, .at(3))]),
            ("a gap", [(0, 0, 1, .at(0)), (0, 2, 1, .refused(.outOfOrderSequenceNumber)), (0, 1, 1, .at(1))]),
            ("a repetition", [(0, 0, 2, .at(0)), (0, 2, 1, .at(2)), (0, 0, 2, .at(0)), (0, 3, 1, .at(3))]),
            (
                "the sixth batch back is forgotten",
                [
                    (0, 0, 1, .at(0)), (0, 1, 1, .at(1)), (0, 2, 1, .at(2)), (0, 3, 1, .at(3)), (0, 4, 1, .at(4)),
                    (0, 5, 1, .at(5)), (0, 1, 1, .at(1)), (0, 0, 1, .refused(.outOfOrderSequenceNumber)),
                ]
            ),
            ("half a repetition", [(0, 0, 2, .at(0)), (0, 0, 1, .refused(.outOfOrderSequenceNumber))]),
            ("an unknown producer begins anywhere", [(3, 17, 1, .at(0)), (3, 18, 1, .at(1))]),
            (
                "a new epoch begins at 0",
                [(0, 0, 1, .at(0)), (1, 1, 1, .refused(.outOfOrderSequenceNumber)), (1, 0, 1, .at(1))]
            ),
            (
                "an old epoch is fenced",
                [(1, 0, 1, .at(0)), (0, 0, 1, .refused(.invalidProducerEpoch)), (1, 1, 1, .at(1))]
            ),
            (
                "after the largest number comes 0",
                [(0, Int32.max - 1, 2, .at(0)), (0, 0, 1, .at(2)), (0, Int32.max - 1, 2, .at(0)), (0, 1, 1, .at(3))]
            ),
            ("a batch across the largest number", [(0, Int32.max, 2, .at(0)), (0, 1, 1, .at(2))]),
        ] as [(String, [(Int16, Int32, Int, Answer)])])
    func sequences(name: String, steps: [(Int16, Int32, Int, Answer)]) throws {
        let (cluster, partition) = try clusterWithTopic()
        for (index, step) in steps.enumerated() {
            let records = (0..<step.2).map { (key: nil as String?, value: "\($0)" as String?) }
            let bytes = batch(records, producer: .init(producerID: 7, epoch: step.0), sequence: step.1)
            var answer: Answer
            do throws(KafkaError) {
                answer = .at(try cluster.produce(bytes, to: partition, nowMs: 0).baseOffset)
            } catch { answer = .refused(error.code) }
            #expect(answer == step.3, "\(name), step \(index)")
        }
    }

    @Test("a producer that is silent for a day is forgotten and may begin anywhere")
    func producerExpiry() throws {
        let (cluster, partition) = try clusterWithTopic()
        let producer = ProducerIdentity(producerID: 7, epoch: 0)
        _ = try cluster.produce(values("a", producer: producer, sequence: 0), to: partition, nowMs: 0)
        cluster.tick(nowMs: 86_400_000)
        #expect(try cluster.describeProducers(partition).isEmpty)
        _ = try cluster.produce(values("b", producer: producer, sequence: 9), to: partition, nowMs: 86_400_000)
    }
}
