import CRdkafka

/// Decides when the threads of a consumer that fetch have to be woken.
///
/// A thread of librdkafka 2.0 that finds the queue full looks again after up to a second, whatever is read meanwhile, unless something
/// wakes it. Large values would arrive at about one full queue a second. Any answer from the broker wakes it.
struct FetchWakeUp {
    /// The bytes after whose reading it is time: half of what the queue takes.
    let limit: Int
    private var read = 0

    /// librdkafka's own.
    private static let defaultKibibytes = 65_536
    private static let mostKibibytes = 2_097_151

    /// - Parameter settings: the settings of the consumer.
    init(_ settings: ClientSettings) {
        let kibibytes = settings["queued.max.messages.kbytes"].flatMap { Int($0) } ?? Self.defaultKibibytes
        limit = min(max(1, kibibytes), Self.mostKibibytes) * 512
    }

    /// Counts bytes that were taken off the queue. Returns whether it is time.
    mutating func isDue(afterReading size: Int) -> Bool {
        read += size
        guard read >= limit else { return false }
        read = 0
        return true
    }
}

extension KafkaConsumer {
    /// The longest wait for the answers. Without them the threads look again by themselves.
    private static let wakeUpTimeoutMs: Int32 = 100

    /// Asks the leaders of the messages' partitions where their logs begin, which wakes the threads that fetch from them.
    func wakeFetchers(of messages: ConsumedMessages) {
        let partitions = Set(messages.map { TopicPartition($0.topic, $0.partition) })
        let beginnings = Dictionary(uniqueKeysWithValues: partitions.map { ($0, Int64(RD_KAFKA_OFFSET_BEGINNING)) })
        _ = try? client.offsetsForTimes(beginnings, timeoutMs: Self.wakeUpTimeoutMs)
    }
}
