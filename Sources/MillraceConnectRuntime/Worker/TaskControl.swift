import Dispatch
import Logging
import MillraceConnect
import Synchronization

/// The orders for a thread that runs a task, and what it tells about itself.
final class TaskControl: Sendable {
    /// The thread's next move.
    enum Order: Hashable {
        case run
        case pause
        /// Commit what is possible, and end.
        case stop
    }

    private struct State {
        var order = Order.run
        var restarts = 0
        var hasEnded = false
        var status: ConnectorTaskStatus
    }

    private let state: Mutex<State>
    private let wakeUp = DispatchSemaphore(value: 0)

    init(_ name: String, _ order: Order) {
        var state = State(status: ConnectorTaskStatus(name: name))
        state.order = order
        self.state = Mutex(state)
    }

    // MARK: For the one who gives orders

    func set(_ order: Order) {
        let isNew = state.withLock { state in
            // Nothing follows a stop.
            guard state.order != order, state.order != .stop else { return false }
            state.order = order
            return true
        }
        if isNew { wakeUp.signal() }
    }

    /// Orders the task to begin anew, also after a failure.
    func restart() {
        state.withLock { state in
            state.restarts += 1
            state.status.state = .restarting
        }
        wakeUp.signal()
    }

    var status: ConnectorTaskStatus { state.withLock(\.status) }
    var isStopping: Bool { state.withLock { $0.order == .stop } }
    var hasEnded: Bool { state.withLock(\.hasEnded) }

    // MARK: For the thread

    /// Follows the orders until a stop.
    ///
    /// - Parameters:
    ///   - step: makes a step; returns whether another one may succeed.
    ///   - finish: commits what is possible, and closes, if anything has begun. The next step begins anew.
    ///   - pause: called at the beginning of a pause, and every ten seconds while it lasts.
    func follow(step: () -> Bool, finish: () -> Void, pause: () -> Void = {}) {
        var restarts = orders.restarts
        var isFailed = false
        while true {
            let (order, wantedRestarts) = orders
            if wantedRestarts != restarts {
                restarts = wantedRestarts
                isFailed = false
                finish()
            }
            switch order {
            case .stop: return finish()
            case .run where !isFailed:
                isFailed = !step()
                if isFailed { finish() }
            case .pause where !isFailed:
                finish()
                update { $0.state = .paused }
                pause()
                wait(milliseconds: Self.pauseWaitMs)
            case .run, .pause: wait(milliseconds: Self.longWaitMs)
            }
        }
    }

    private var orders: (Order, restarts: Int) { state.withLock { ($0.order, $0.restarts) } }

    /// The wait of somebody who has nothing to do before the next order.
    private static let longWaitMs = 60_000
    private static let pauseWaitMs = 10_000

    /// Notes a failure, and waits before the next attempt if there may be one.
    func note(_ error: any Error, mayPass: Bool, _ delay: inout RetryDelay, _ logger: Logger) {
        update { status in
            status.failures += 1
            status.trouble = "\(error)"
            if !mayPass { status.state = .failed }
        }
        guard mayPass else { return logger.error("the task has failed: \(error)") }
        let waitMs = delay.next()
        logger.warning("trying again in \(waitMs) ms: \(error)")
        wait(milliseconds: waitMs)
    }

    func update(_ body: (inout ConnectorTaskStatus) -> Void) { state.withLock { body(&$0.status) } }

    /// Waits for the next order, at most for a time.
    func wait(milliseconds: Int) { _ = wakeUp.wait(timeout: .now() + .milliseconds(milliseconds)) }

    func end() { state.withLock { $0.hasEnded = true } }
}
