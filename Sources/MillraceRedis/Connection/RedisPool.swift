import RedisClient
import Synchronization

/// A few connections that tasks share. One that has ended is made anew by the next one who needs it.
final class RedisPool: Sendable {
    private let server: RedisServerSettings
    private let slots: [Slot]
    private let turn = Atomic<Int>(0)

    fileprivate final class Slot: Sendable {
        enum State: Sendable {
            case empty
            case connecting(Task<RedisConnection, any Error>)
            case open(RedisConnection)
        }

        let state = Mutex(State.empty)
    }

    init(_ server: RedisServerSettings, count: Int) {
        self.server = server
        slots = (0..<max(1, count)).map { _ in Slot() }
    }

    /// Returns one of the connections in turn.
    ///
    /// - Throws: `RedisError`.
    func connection() async throws -> RedisConnection {
        let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        let slot = slots[Int(UInt(bitPattern: number) % UInt(slots.count))]
        let (open, task) = slot.state.withLock { state -> (RedisConnection?, Task<RedisConnection, any Error>?) in
            switch state {
            case .open(let connection) where connection.isOpen: return (connection, nil)
            case .connecting(let task): return (nil, task)
            case .open, .empty:
                let task = Task { [server] in try await RedisConnection.connect(try server.clientSettings()) }
                state = .connecting(task)
                return (nil, task)
            }
        }
        if let open { return open }
        guard let task else { throw RedisError.disconnected(address: "\(server.host):\(server.port)") }
        do {
            let connection = try await task.value
            slot.finish(task, with: .open(connection))
            return connection
        } catch {
            slot.finish(task, with: .empty)
            throw error
        }
    }
}

extension RedisPool.Slot {
    /// Notes the outcome of a task, which all who have waited for it do.
    fileprivate func finish(_ task: Task<RedisConnection, any Error>, with outcome: State) {
        state.withLock { state in
            if case .connecting(let current) = state, current == task { state = outcome }
        }
    }
}
