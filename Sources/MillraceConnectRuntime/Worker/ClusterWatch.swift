import Dispatch
import Logging
import Millrace
import MillraceConnect
import MillraceEngine
import MillraceRuntime
import Synchronization

/// The view of the cluster that is looked up every second on a thread: the lags of sinks' own groups and of those that hold sources back,
/// and the worker's processes.
final class ClusterWatch: Sendable {
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
        var processes: [WorkerProcess]?
        var differences: [String] = []
        var isStopped = false
        var hasEnded = false
    }

    private let watched: [Watched]
    private let ports: KafkaPorts
    private let clientID: String
    private let group: String
    private let logger: Logger
    private let state: Mutex<State>
    private let wakeUp = DispatchSemaphore(value: 0)

    private static let intervalMs = 1_000

    /// - Parameters:
    ///   - group: the group of the worker's processes.
    ///   - clientID: the id of the clients.
    init(_ watched: [Watched], group: String, ports: KafkaPorts, clientID: String, logger: Logger) {
        self.group = group
        self.watched = watched
        self.ports = ports
        self.clientID = clientID
        self.logger = logger
        var state = State()
        for group in watched { state.gates[group.connector] = LagGate(threshold: group.threshold) }
        self.state = Mutex(state)
    }

    /// Returns the gate of a connector; `nil` if no group of it is watched.
    func gate(of connector: String) -> LagGate? { state.withLock { $0.gates[connector] } }

    /// All processes of the worker, in the order of their names; `nil` before the group has told them.
    var processes: [WorkerProcess]? { state.withLock(\.processes) }

    /// The differences between the processes' connectors, each a sentence; none before the group has told the processes.
    var differences: [String] { state.withLock(\.differences) }

    var hasEnded: Bool { state.withLock(\.hasEnded) }

    func start() throws {
        try startThread(named: "connect-watch") {
            self.run()
            self.state.withLock { $0.hasEnded = true }
        }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
    }

    private func run() {
        var clients: Clients?
        defer { clients?.reader.close() }
        var trouble: PortError?
        while !state.withLock(\.isStopped) {
            do throws(PortError) {
                let current = if let clients { clients } else { try makeClients() }
                clients = current
                for group in watched {
                    let lag = try Self.lag(of: group.group, in: group.topics.all, current.admin, current.reader)
                    state.withLock { $0.gates[group.connector]?.observe(lag) }
                }
                try lookAtMembers(current.admin)
                trouble = nil
            } catch {
                // Once is enough.
                if trouble == nil { logger.warning("the cluster does not tell the state of a group: \(error)") }
                trouble = error
            }
            _ = wakeUp.wait(timeout: .now() + .milliseconds(Self.intervalMs))
        }
    }

    /// A group that is being balanced says nothing.
    private func lookAtMembers(_ admin: any AdminPort) throws(PortError) {
        guard let description = try admin.describeGroup(group), description.isStable else { return }
        let processes = description.members.map(WorkerProcess.init)
        let differences = AnnouncedConnectors.differences(
            of: processes.compactMap { process in process.connectors.map { (process.name, $0) } })
        let before = state.withLock { state in
            state.processes = processes.sorted { $0.name < $1.name }
            defer { state.differences = differences }
            return state.differences
        }
        for sentence in differences where !before.contains(sentence) { logger.warning("\(sentence)") }
        if differences.isEmpty, !before.isEmpty { logger.info("all processes have the same connectors again") }
    }

    private typealias Clients = (admin: any AdminPort & GroupOffsetsPort, reader: any ReaderPort)

    private func makeClients() throws(PortError) -> Clients {
        (try ports.makeAdmin(clientID: clientID), try ports.makeReader(clientID: clientID))
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
