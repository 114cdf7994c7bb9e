import MillraceConnect

/// A connector in this process, for the thread of the coordinator.
protocol RunningConnector: AnyObject {
    var name: String { get }
    /// Whether everything has ended after a stop.
    var hasEnded: Bool { get }

    func start() throws

    /// Starts, pauses and stops tasks.
    ///
    /// - Parameters:
    ///   - owned: the partitions of the positions that this process has.
    ///   - gate: the decision whether a source may be read; `nil` without a limit.
    func follow(owned: Set<Int32>, wanted: WantedStates, gate: LagGate?) throws

    /// Begins anew what a target names: the connector, or one of its tasks.
    func restart(_ target: String)

    func status(gate: LagGate?, wanted: WantedStates) -> ConnectorStatus

    /// Stops everything soon.
    func stop()

    /// Forgets tasks that have ended.
    func sweep()
}
