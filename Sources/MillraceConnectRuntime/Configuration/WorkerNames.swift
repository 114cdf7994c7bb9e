import Millrace
package import MillraceConnect

/// All names that a worker has on the broker and in targets: topics, groups, transactional ids, and the names of offsets.
///
/// Names of workers and connectors have neither `:` nor `/` (``problems(of:)``), so these separate them: no two workers, connectors or
/// parts have the same name. Parts may have any characters, and so come last.
package struct WorkerNames: Hashable, Sendable {
    /// The name that all processes of the worker have in common.
    package let worker: String

    package init(_ worker: String) { self.worker = worker }

    /// The compacted topic of positions.
    package var positionsTopic: String { "\(worker)-positions" }
    /// The compacted topic of wanted states.
    package var statesTopic: String { "\(worker)-states" }

    /// The group of the worker's processes.
    package var group: String { worker }

    /// Returns the group of the processes that have a connector.
    package func group(of connector: String) -> String { "\(worker):\(connector)" }

    /// Returns the transactional id of a source's part.
    package func transactionalID(of task: SourceTaskID) -> String { "\(worker):\(task)" }

    /// Returns the name under which a sink keeps its offsets in the target, if it is given no other.
    package func offsetsName(of connector: String) -> String { "\(worker):\(connector)" }

    /// Returns the names of one of the worker's processes.
    ///
    /// - Parameter number: the number that tells the process from the others.
    package func process(_ number: UInt32) -> Process {
        let digits = String(number, radix: 16)
        return Process(name: "\(worker)-" + String(repeating: "0", count: 8 - digits.count) + digits)
    }

    /// The names of one process.
    package struct Process: Hashable, Sendable {
        /// The worker's name with eight hexadecimal digits, such as `bank-1f3a09c2`.
        package let name: String

        /// The clients that belong to no connector.
        package enum Client: String, CaseIterable, Sendable {
            case admin, states, watch
        }

        /// Returns the id of a client that belongs to no connector.
        package func clientID(_ client: Client) -> String { "\(name)/\(client.rawValue)" }

        /// Returns the id of the clients of a connector.
        package func clientID(of connector: String) -> String { "\(name):\(connector)" }

        /// Returns the id of the clients of a source's part.
        package func clientID(of task: SourceTaskID) -> String { "\(name):\(task)" }
    }

    // MARK: Problems

    /// Returns a sentence for each name in a configuration that cannot be one, and for each that two connectors have.
    static func problems(of configuration: ConnectConfiguration) -> [String] {
        var problems: [String] = []
        if let reason = problem(ofWorker: configuration.name) {
            problems.append("the worker's name \(KafkaName.quoted(configuration.name)) \(reason)")
        }
        var names: Set<String> = []
        for name in configuration.connectors.map(\.name) {
            if let reason = KafkaName.problem(of: name) {
                problems.append("the connector's name \(KafkaName.quoted(name)) \(reason)")
            }
            if !names.insert(name).inserted {
                problems.append("two connectors have the name \(KafkaName.quoted(name)): give one of them another")
            }
        }
        return problems
    }

    /// Returns the reason why a text is no name of a worker, to follow the name in a sentence; `nil` if it is one.
    static func problem(ofWorker name: String) -> String? {
        if let reason = KafkaName.problem(of: name) { return reason }
        let topic = WorkerNames(name).positionsTopic
        return KafkaName.lengthProblem(of: topic).map {
            "is too long, because the topic \(KafkaName.quoted(topic)) \($0)"
        }
    }
}
