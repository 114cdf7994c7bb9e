import Logging
import Millrace

/// The dependencies that the parts of a worker share. None of them changes during the worker's life.
struct WorkerContext {
    let topology: Topology
    let configuration: WorkerConfiguration
    let ports: WorkerPorts
    let logger: Logger

    var now: Moment { ports.clock.monotonic }

    func every(_ ms: Int64) -> Periodic { Periodic(every: TimeSpan(ms: ms), from: now) }
}
