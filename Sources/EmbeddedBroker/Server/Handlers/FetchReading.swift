import ClusterCore

/// A fetch that is being read, and its answer so far.
///
/// Belongs to the broker's event loop.
final class FetchReading {
    /// A partition that is asked for.
    struct Entry {
        var topicIndex: Int
        /// Nil if the request has an id that no topic has.
        var topic: String?
        var request: Fetch.Request.Partition
    }

    let poll: LongPoll
    let entries: [Entry]
    /// Whether the answer may wait for more.
    let mayWait: Bool
    private(set) var response = Fetch.Response()
    private(set) var sizeInBytes = 0
    private(set) var hasError: Bool
    private var nextIndex = 0
    /// The partitions' versions when the first of them had to be loaded; nil if none had.
    var versions: [UInt64]?
    /// Whether the next partition could not be loaded before.
    var isSecondLook = false

    init(_ poll: LongPoll, entries: [Entry], mayWait: Bool) {
        self.poll = poll
        self.entries = entries
        self.mayWait = mayWait
        // If there is nothing to read at all, there is nothing to wait for either.
        hasError = poll.request.topics.isEmpty
        response.topics = poll.request.topics.map { topic in
            var answer = Fetch.Response.Topic()
            answer.name = topic.name
            answer.topicID = topic.topicID
            answer.partitions.reserveCapacity(topic.partitions.count)
            return answer
        }
    }

    /// The first partition without an answer.
    var next: Entry? { nextIndex < entries.count ? entries[nextIndex] : nil }

    /// Answers for the next partition.
    func add(_ read: FetchAnswer) {
        var answer = Fetch.Response.Partition()
        answer.highWatermark = read.highWatermark
        answer.lastStableOffset = read.lastStableOffset
        answer.logStartOffset = read.logStartOffset
        if poll.request.isolationLevel == IsolationLevel.readCommitted.rawValue {
            answer.abortedTransactions = read.abortedTransactions.map {
                Fetch.Response.AbortedTransaction(producerID: $0.producerID, firstOffset: $0.firstOffset)
            }
        }
        answer.records = WireRecords(read.batches.map(\.bytes))
        sizeInBytes += read.sizeInBytes
        add(answer)
    }

    /// Answers for the next partition with an error.
    func add(_ error: KafkaError) {
        var answer = Fetch.Response.Partition()
        answer.error = error.code
        // Some clients take null for a missing partition.
        answer.records = WireRecords()
        hasError = true
        add(answer)
    }

    private func add(_ answer: Fetch.Response.Partition) {
        let entry = entries[nextIndex]
        var answer = answer
        answer.index = entry.request.index
        response.topics[entry.topicIndex].partitions.append(answer)
        nextIndex += 1
        isSecondLook = false
    }
}
