import MillraceConnect
import MillraceEngine

/// A connector in this process, for the thread of the coordinator.
protocol RunningConnector: AnyObject {
    var name: String { get }
    /// Whether everything has ended after a stop.
    var hasEnded: Bool { get }

    func start() throws

    /// Follows the group that shares the connector's tasks among the processes that have the connector.
    ///
    /// - Throws: `PortError`.
    func followGroup() throws(PortError)

    /// Starts, pauses and stops tasks.
    ///
    /// - Parameter gate: the decision whether a source may be read; `nil` without a limit.
    func follow(wanted: WantedStates, gate: LagGate?) throws

    /// Begins anew what a target names: the connector, or one of its tasks.
    func restart(_ target: String)

    func status(gate: LagGate?, wanted: WantedStates) -> ConnectorStatus

    /// Stops everything soon.
    func stop()

    /// Forgets tasks that have ended.
    func sweep()

    /// Leaves the group, after the last task has ended.
    func leave()
}
