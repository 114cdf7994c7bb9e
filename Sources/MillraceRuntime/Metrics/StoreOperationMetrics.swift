import MillraceEngine

/// A call of the storage engine of a store, such as RocksDB. What a store's memory answers is no such call: that takes less time than
/// a look at the clock.
public enum StoreOperation: String, Sendable, CaseIterable {
    /// The look-up of a key that is not in memory. Kafka: `get`.
    case get
    /// A scan, with everything that is done with its entries. Kafka: `range`, `all`, `prefix-scan`, `fetch`.
    case scan
    /// The writing of a batch of committed changes. Kafka: `put-all`.
    case write
    /// The making durable of everything that was written. Kafka: `flush`.
    case flush
}

/// The figures of one operation of a store since its task was opened.
public struct StoreOperationMetrics: Sendable, Hashable {
    /// The number of calls.
    public var count: Int
    /// The time that they took, while somebody watched (``StreamsApplication/beginMeasuringLatency()``). Of the look-ups one in 16 is
    /// timed and counts for all 16.
    public var time: Duration

    /// Makes the figures of an operation.
    ///
    /// - Parameters:
    ///   - count: the number of calls.
    ///   - time: the time that they took.
    public init(count: Int, time: Duration) {
        self.count = count
        self.time = time
    }
}

extension StoreOperationMetrics {
    /// Returns the figures of each operation.
    static func all(_ times: EngineTimes) -> [StoreOperation: StoreOperationMetrics] {
        Dictionary(
            uniqueKeysWithValues: EngineCall.allCases.compactMap { call in
                StoreOperation(rawValue: call.rawValue).map {
                    ($0, StoreOperationMetrics(count: times.count(of: call), time: times.time(of: call)))
                }
            })
    }
}
