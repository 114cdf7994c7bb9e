import KafkaClient
import Logging
import Millrace
import MillraceTesting

/// A topology that processes the records of a log in this process and in memory. Nothing is written to the cluster.
///
/// The log has every record of the external topics, the results of the application included. So a result is not read a second time
/// by a topology that reads a topic to which it writes; only repartition topics pass records from task to task.
final class LogDriver {
    private let driver: TopologyTestDriver

    /// - Parameters:
    ///   - counts: the partition counts of the external topics.
    ///   - wallClockMs: the wall clock's time at the start, in milliseconds since 1970.
    ///   - observer: is told what the operators do with each record; the caches of tables are then left out.
    ///   - onWrite: is told of each record that a task writes.
    /// - Throws: `.failed` if the topology cannot be run.
    init(
        _ topology: Topology, applicationID: String, handlers: ErrorHandlers, counts: [String: Int32],
        wallClockMs: Int64, observer: (any NodeObserver)? = nil, onWrite: @escaping (WrittenRecord) -> Void
    ) throws(OperationError) {
        do {
            driver = try TopologyTestDriver(
                topology.loggingEveryStore(), applicationID: applicationID, errorHandlers: handlers,
                partitions: PartitionCounts(counts), wallClockMs: max(0, wallClockMs), readsLog: true,
                observer: observer, logger: Logger(label: "log") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            throw OperationError(.failed, "the topology cannot be run: \(error)")
        }
        driver.onWrite(onWrite)
    }

    /// Processes a record. The wall clock moves to its timestamp first, unless it is past that already, so that punctuations run.
    ///
    /// - Throws: the errors of user code that no handler has passed over.
    func process(_ record: LogRecord) throws {
        let (now, then) = (Moment(ms: driver.wallClockMs), Moment(ms: record.timestampMs))
        if then > now { try driver.advanceWallClock(by: (then - now).duration) }
        try driver.pipe(
            record.topicPartition.topic, partition: record.topicPartition.partition, offset: record.offset,
            key: record.key, value: record.value, timestampMs: record.timestampMs,
            headers: Headers(record.headers.map { Header(name: $0.name, value: $0.value) }))
    }
}
