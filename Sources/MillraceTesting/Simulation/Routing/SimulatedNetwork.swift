import Millrace
import MillraceEngine

/// One life of an instance's server, as the network sees it.
final class SimulatedHost {
    let process: SimulatedProcess
    /// Whether the server has ended, although its process may still run.
    var hasEnded = false
    /// Whether the process stands still. What would happen on it waits.
    fileprivate(set) var isSuspended = false
    /// The last time at which it continued after it had stood still.
    fileprivate(set) var resumed = Moment.distantPast
    fileprivate var waiting: [() -> Void] = []

    init(_ process: SimulatedProcess) { self.process = process }

    var isRunning: Bool { !hasEnded && !process.isDead }
}

/// The network between instances and clients, and the timers of both: a queue of events, each at its moment.
///
/// Messages are lost or late, and overtake each other. What happens on a host that has ended does not happen; on one that stands
/// still it happens once the host continues. The network has its own generator. It keeps to the world's faults, so it works
/// without them once those have ended.
final class SimulatedNetwork {
    /// The moment of the present event. It is never after the world's time, so that deadlines are exact even when that jumps.
    private(set) var now: Moment
    private let world: SimulatedWorld
    private var random: SeededRandom
    /// The events, the next one last.
    private var events: [Event] = []
    private var eventCount = 0

    private struct Event {
        var moment: Moment
        var number: Int
        var host: SimulatedHost?
        var body: () -> Void

        func isAfter(_ other: Event) -> Bool { (moment, number) > (other.moment, other.number) }
    }

    init(_ world: SimulatedWorld, seed: UInt64) {
        self.world = world
        random = SeededRandom(seed: seed)
        now = world.clock.monotonic
    }

    /// Performs everything that is due by now.
    func run() {
        let end = world.clock.monotonic
        while let event = events.last, event.moment <= end {
            events.removeLast()
            now = max(now, event.moment)
            perform(event)
        }
        now = max(now, end)
    }

    private func perform(_ event: Event) {
        guard let host = event.host else { return event.body() }
        guard host.isRunning else { return }
        if host.isSuspended { host.waiting.append(event.body) } else { event.body() }
    }

    /// Performs something later.
    ///
    /// - Parameter host: the host that performs it, unless it stands still or has ended; `nil` for a client.
    func after(_ span: TimeSpan, on host: SimulatedHost?, _ body: @escaping () -> Void) {
        eventCount += 1
        let event = Event(moment: now + span, number: eventCount, host: host, body: body)
        var (lower, upper) = (0, events.count)
        while lower < upper {
            let middle = (lower + upper) / 2
            if events[middle].isAfter(event) { lower = middle + 1 } else { upper = middle }
        }
        events.insert(event, at: lower)
    }

    /// Sends a request; it may never arrive.
    func request(_ body: @escaping () -> Void) {
        if random.chance(world.faults.lostRequests) { return }
        after(latency(), on: nil, body)
    }

    /// Sends an answer back; it may never arrive.
    func answer(to host: SimulatedHost?, _ body: @escaping () -> Void) {
        if random.chance(world.faults.lostAnswers) { return }
        after(latency(), on: host, body)
    }

    /// Sends something over a connection, on which it arrives after what was sent before it.
    ///
    /// - Parameters:
    ///   - last: the moment at which the last message over the connection arrives.
    ///   - loss: the probability that it never arrives, and so that nothing else does that is sent after it.
    /// - Returns: whether it arrives.
    func send(after last: inout Moment, loss: Double, to host: SimulatedHost, _ body: @escaping () -> Void) -> Bool {
        if random.chance(loss) { return false }
        last = max(last, now + latency())
        after(last - now, on: host, body)
        return true
    }

    /// The probability that a request is lost.
    var requestLoss: Double { world.faults.lostRequests }
    /// The probability that an answer is lost.
    var answerLoss: Double { world.faults.lostAnswers }

    /// Returns whether a value happens to be in memory.
    func isInMemory() -> Bool { random.chance(0.7) }

    /// Performs something on another thread of a host, which may be held up.
    func onThread(of host: SimulatedHost, _ body: @escaping () -> Void) {
        let isHeldUp = random.chance(world.faults.interleavings)
        after(TimeSpan(ms: Int64(random.below(isHeldUp ? 100 : 2))), on: host, body)
    }

    private func latency() -> TimeSpan {
        if random.chance(world.faults.delays) { return TimeSpan(ms: 100 + Int64(random.below(2_900))) }
        return TimeSpan(ms: 1 + Int64(random.below(random.chance(world.faults.interleavings) ? 100 : 5)))
    }

    // MARK: Hosts that stand still

    func suspend(_ host: SimulatedHost) { host.isSuspended = true }

    func resume(_ host: SimulatedHost) {
        host.isSuspended = false
        host.resumed = now
        for body in host.waiting { after(.zero, on: host, body) }
        host.waiting = []
    }
}
