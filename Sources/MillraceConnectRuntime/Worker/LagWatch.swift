import Dispatch
import Logging
import Millrace
import MillraceConnect
import MillraceEngine
import MillraceRuntime
import Synchronization

/// The lags of consumer groups, which are looked up every second on a thread: of sinks' own groups, and of those that hold sources back.
final class LagWatch: Sendable {
    /// A group and the topics that it reads.
    struct Watched {
        var connector: String
        var group: String
        /// The lag above which the connector is not run; `Int64.max` for none.
        var threshold: Int64
        var topics: WrittenTopics
    }

    private struct State {
        var gates: [String: LagGate] = [:]
        var isStopped = false
        var hasEnded = false
    }

    private let watched: [Watched]
    private let ports: KafkaPorts
    private let name: String
    private let logger: Logger
    private let state: Mutex<State>
    private let wakeUp = DispatchSemaphore(value: 0)

    private static let intervalMs = 1_000

    init(_ watched: [Watched], ports: KafkaPorts, name: String, logger: Logger) {
        self.watched = watched
        self.ports = ports
        self.name = name
        self.logger = logger
        var state = State()
        for group in watched { state.gates[group.connector] = LagGate(threshold: group.threshold) }
        self.state = Mutex(state)
    }

    /// Returns the gate of a connector; `nil` if no group of it is watched.
    func gate(of connector: String) -> LagGate? { state.withLock { $0.gates[connector] } }

    var hasEnded: Bool { state.withLock(\.hasEnded) }

    func start() throws {
        try startThread(named: "connect-lag") {
            self.run()
            self.state.withLock { $0.hasEnded = true }
        }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
    }

    private func run() {
        if watched.isEmpty { return }
        var clients: (admin: any AdminPort & GroupOffsetsPort, reader: any ReaderPort)?
        defer { clients?.reader.close() }
        while !state.withLock(\.isStopped) {
            do {
                let current = try clients ?? makeClients()
                clients = current
                for group in watched {
                    let lag = try Self.lag(of: group.group, in: group.topics.all, current.admin, current.reader)
                    state.withLock { $0.gates[group.connector]?.observe(lag) }
                }
            } catch {
                logger.warning("the lag of a group is not known: \(error)")
            }
            _ = wakeUp.wait(timeout: .now() + .milliseconds(Self.intervalMs))
        }
    }

    private func makeClients() throws(PortError) -> (any AdminPort & GroupOffsetsPort, any ReaderPort) {
        (try ports.makeAdmin(clientID: "\(name)-lag"), try ports.makeReader(clientID: "\(name)-lag"))
    }

    /// Returns how many records of topics a group has not read yet. In a partition of which the group has committed nothing, that is all
    /// records that are there.
    private static func lag(
        of group: String, in topics: [String], _ admin: any AdminPort & GroupOffsetsPort, _ reader: any ReaderPort
    ) throws(PortError) -> Int64 {
        var partitions: [TopicPartition] = []
        for (topic, count) in try admin.partitionCounts(of: topics) {
            partitions += (0..<count).map { TopicPartition(topic: topic, partition: $0) }
        }
        if partitions.isEmpty { return 0 }
        let committed = try admin.committedOffsets(of: group)
        let ends = try reader.listOffsets(Dictionary(partitions.map { ($0, .latest) }) { $1 })
        let starts = try reader.listOffsets(Dictionary(partitions.map { ($0, .earliest) }) { $1 })
        return partitions.reduce(0) { sum, partition in
            let start = max(committed[partition] ?? 0, starts[partition] ?? 0)
            return sum + max(0, (ends[partition] ?? start) - start)
        }
    }
}
