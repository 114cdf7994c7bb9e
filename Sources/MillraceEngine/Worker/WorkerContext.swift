import Logging
import Millrace

/// What the parts of a worker have in common. All of it stays as it is for the worker's life.
struct WorkerContext {
    let topology: Topology
    let configuration: WorkerConfiguration
    let ports: WorkerPorts
    let logger: Logger

    var now: Moment { ports.clock.monotonic }

    func every(_ ms: Int64) -> Periodic { Periodic(every: TimeSpan(ms: ms), from: now) }
}
