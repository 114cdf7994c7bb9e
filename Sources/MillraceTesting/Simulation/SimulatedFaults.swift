/// The probabilities of a simulation's faults, for each request to the broker or for each turn.
///
/// The fault model: requests and answers are late, or are lost and the client sends them again. At any request a process may be
/// killed (its disk keeps what was flushed, or is lost too) or stopped for longer than its session. Instances are restarted
/// cleanly, the broker restarts with everything it acknowledged, and a changelog now and then refuses a record. Plain consumers
/// and instances of another topology join the application's group and leave it again. Of an index's files the end of a process may
/// lose what was not synced, and a bit may be flipped. Disks corrupt nothing else, and the broker loses nothing.
public struct SimulatedFaults: Sendable {
    /// A request does not arrive.
    public var lostRequests = 0.0
    /// A request takes effect, but its answer does not arrive.
    public var lostAnswers = 0.0
    /// A request or its answer takes up to three seconds while others continue.
    public var delays = 0.0
    /// The process is killed before or after a request takes effect, or at a write to its disk.
    public var kills = 0.0
    /// A killed process finds its disk empty.
    public var lostDisks = 0.0
    /// A process that ends finds a bit flipped in a file of an index.
    public var flippedBits = 0.0
    /// The process is stopped for longer than its session and its transactions live, and wakes up as a zombie.
    public var stops = 0.0
    /// An instance is stopped cleanly and started again in a turn.
    public var restarts = 0.0
    /// The broker restarts in a turn.
    public var brokerRestarts = 0.0
    /// The client refuses a store's change as too large for the changelog.
    public var refusedChanges = 0.0
    /// A plain consumer joins the application's group for a while in a turn.
    public var foreignMembers = 0.0
    /// An instance of another topology starts under the same application id for a while in a turn.
    public var otherTopologies = 0.0
    /// An instance, or one of its sub-topologies, is paused in a turn, or what was paused is resumed.
    public var pauses = 0.0
    /// A worker is added to an instance in a turn, or one of two is removed.
    public var workerChanges = 0.0
    /// Others continue while a request is under way.
    public var interleavings = 0.0

    /// No faults.
    public init() {}

    /// Nothing goes wrong, and nothing happens at the same time.
    public static let none = SimulatedFaults()

    /// Everything goes wrong now and then.
    public static var all: SimulatedFaults {
        var faults = SimulatedFaults()
        faults.lostRequests = 0.01
        faults.lostAnswers = 0.01
        faults.delays = 0.005
        faults.kills = 0.002
        faults.lostDisks = 0.2
        faults.flippedBits = 0.1
        faults.stops = 0.001
        faults.restarts = 0.005
        faults.brokerRestarts = 0.003
        faults.refusedChanges = 0.0005
        faults.foreignMembers = 0.002
        faults.otherTopologies = 0.002
        faults.pauses = 0.01
        faults.workerChanges = 0.005
        faults.interleavings = 0.2
        return faults
    }
}
