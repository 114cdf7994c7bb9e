import Dispatch
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

    var order: (Order, restarts: Int) { state.withLock { ($0.order, $0.restarts) } }

    func update(_ body: (inout ConnectorTaskStatus) -> Void) { state.withLock { body(&$0.status) } }

    /// Waits for the next order, at most for a time.
    func wait(milliseconds: Int) { _ = wakeUp.wait(timeout: .now() + .milliseconds(milliseconds)) }

    func end() { state.withLock { $0.hasEnded = true } }
}
