import ClusterCore
import Testing

/// A batch of records with text keys and values; nil values are tombstones.
func batch(
    _ records: [(key: String?, value: String?)], producer: ProducerIdentity = .none, sequence: Int32 = -1,
    isTransactional: Bool = false, timestampMs: Int64 = 0
) -> [UInt8] {
    var writer = RecordBatchWriter(producer: producer, baseSequence: sequence, isTransactional: isTransactional)
    for record in records {
        writer.append(
            key: record.key.map { Array($0.utf8) }, value: record.value.map { Array($0.utf8) },
            timestampMs: timestampMs)
    }
    return writer.finish()
}

/// A batch of values without keys.
func values(
    _ values: String..., producer: ProducerIdentity = .none, sequence: Int32 = -1, isTransactional: Bool = false,
    timestampMs: Int64 = 0
) -> [UInt8] {
    batch(
        values.map { (nil, $0) }, producer: producer, sequence: sequence, isTransactional: isTransactional,
        timestampMs: timestampMs)
}

/// A record as a consumer sees it.
struct SeenRecord: Hashable, CustomStringConvertible {
    var offset: Int64
    var key: String?
    var value: String?

    var description: String { "\(key.map { "\($0)=" } ?? "")\(value ?? "null")@\(offset)" }
}

/// Reads a partition as Kafka's consumers do: in fetches, dropping aborted records and markers.
func read(
    _ cluster: Cluster, _ partition: TopicPartition, from start: Int64? = nil,
    isolation: IsolationLevel = .readCommitted, maxBytes: Int = 1_000_000
) throws -> [SeenRecord] {
    var seen: [SeenRecord] = []
    var position = try start ?? cluster.offsets(of: partition).logStartOffset
    while true {
        let answer = try cluster.fetch(partition, from: position, maxBytes: maxBytes, isolation: isolation)
        guard !answer.batches.isEmpty else { return seen }
        var coming = answer.abortedTransactions[...]
        var aborting: Set<Int64> = []
        for batch in answer.batches {
            while let next = coming.first, next.firstOffset <= batch.lastOffset {
                aborting.insert(next.producerID)
                coming.removeFirst()
            }
            let header = batch.header
            if header.attributes.isControl {
                if ControlRecord(in: batch) == .abort { aborting.remove(header.producer.producerID) }
            } else if !(header.attributes.isTransactional && aborting.contains(header.producer.producerID)) {
                for record in try RecordBatchReader.records(of: batch) where record.offset >= position {
                    seen.append(
                        SeenRecord(
                            offset: record.offset, key: record.key.map { String(decoding: $0, as: UTF8.self) },
                            value: record.value.map { String(decoding: $0, as: UTF8.self) }))
                }
            }
            position = batch.lastOffset + 1
        }
    }
}

func text(_ records: [SeenRecord]) -> String { records.map(\.description).joined(separator: " ") }

/// The code with which a call is refused; `none` if it succeeds.
func code<Value>(_ call: @autoclosure () throws -> Value) -> KafkaErrorCode {
    do {
        _ = try call()
        return .none
    } catch {
        return (error as? KafkaError)?.code ?? .unknownServerError
    }
}

/// A transactional producer that counts its sequence numbers.
struct TestProducer {
    private(set) var cluster: Cluster
    let transactionalID: String
    var identity: ProducerIdentity
    var sequences: [TopicPartition: Int32] = [:]

    init(_ cluster: Cluster, _ transactionalID: String, timeoutMs: Int32 = 60_000, nowMs: Int64 = 0) throws {
        self.cluster = cluster
        self.transactionalID = transactionalID
        identity = try cluster.initProducerID(
            transactionalID: transactionalID, transactionTimeoutMs: timeoutMs, nowMs: nowMs)
    }

    /// The same producer on a restarted cluster.
    init(continuing producer: TestProducer, with cluster: Cluster) {
        self = producer
        self.cluster = cluster
    }

    mutating func send(_ values: [String], to partition: TopicPartition, nowMs: Int64 = 0) throws {
        try send(values.map { (nil, $0) }, to: partition, nowMs: nowMs)
    }

    mutating func send(_ records: [(key: String?, value: String?)], to partition: TopicPartition, nowMs: Int64 = 0)
        throws
    {
        let outcomes = try cluster.addPartitionsToTransaction(
            transactionalID, producer: identity, partitions: [partition], nowMs: nowMs)
        #expect(outcomes.map(\.error) == [.none])
        let sequence = sequences[partition, default: 0]
        let bytes = batch(
            records, producer: identity, sequence: sequence, isTransactional: true, timestampMs: nowMs)
        _ = try cluster.produce(bytes, to: partition, transactionalID: transactionalID, nowMs: nowMs)
        sequences[partition] = sequence + Int32(records.count)
    }

    func end(commit: Bool, nowMs: Int64 = 0) throws {
        try cluster.endTransaction(transactionalID, producer: identity, commit: commit, nowMs: nowMs)
    }
}

/// A cluster with topic "t".
func clusterWithTopic(
    partitions: Int32 = 1, configs: [String: String?] = [:], configuration: ClusterConfiguration = .init()
) throws -> (Cluster, TopicPartition) {
    let cluster = Cluster(configuration: configuration, nowMs: 0)
    _ = try cluster.createTopic(NewTopic("t", partitionCount: partitions, configs: configs), nowMs: 0)
    return (cluster, TopicPartition("t", 0))
}

/// The durable state as bytes.
func stateBytes(_ cluster: Cluster) -> [UInt8] { ClusterChange.encode(cluster.snapshot()) }
