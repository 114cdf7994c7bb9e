/// How often things go wrong in a simulation: probabilities for each request to the broker, or for each turn.
///
/// The fault model: requests and answers are late, or lost and sent again by the client, at any request a process may be killed
/// (its disk keeps what was flushed, or is lost too) or stopped for longer than its session, instances are restarted in
/// good order, the broker restarts with everything it acknowledged, and a changelog refuses a record now and then. Plain
/// consumers and instances of another topology come into the application's group and leave it again. Disks do not lie, and the
/// broker does not forget.
public struct SimulatedFaults: Sendable {
    /// That a request does not arrive.
    public var lostRequests = 0.0
    /// That a request takes effect, and its answer does not arrive.
    public var lostAnswers = 0.0
    /// That a request, or its answer, takes up to three seconds while others move on.
    public var delays = 0.0
    /// That the process is killed before or after a request took effect, or at a write to its disk.
    public var kills = 0.0
    /// That a killed process finds its disk empty.
    public var lostDisks = 0.0
    /// That the process is stopped for longer than its session and its transactions live, and wakes up a zombie.
    public var stops = 0.0
    /// That in a turn an instance is stopped and started in good order.
    public var restarts = 0.0
    /// That in a turn the broker restarts.
    public var brokerRestarts = 0.0
    /// That the client refuses a change of a store for its changelog, as too large.
    public var refusedChanges = 0.0
    /// That in a turn a plain consumer joins the application's group, for a while.
    public var foreignMembers = 0.0
    /// That in a turn an instance of another topology starts under the same application id, for a while.
    public var otherTopologies = 0.0
    /// That others move on while a request is under way.
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
        faults.stops = 0.001
        faults.restarts = 0.005
        faults.brokerRestarts = 0.003
        faults.refusedChanges = 0.0005
        faults.foreignMembers = 0.002
        faults.otherTopologies = 0.002
        faults.interleavings = 0.2
        return faults
    }
}
