import Millrace
import MillraceConnect
import MillraceEngine

@testable import MillraceTesting

/// The clients of a source's task on a simulated cluster.
final class SimulatedTaskPorts: SourceTaskPorts {
    private let world: SimulatedWorld
    private let process = SimulatedProcess(name: "process")

    init(_ world: SimulatedWorld) { self.world = world }

    var clock: any WallClock { world.clock }

    func makeProducer(transactionalID: String) -> any ProducerPort {
        SimulatedProducer(world: world, process: process, transactionalID: transactionalID)
    }

    func makeReader() -> any ReaderPort {
        SimulatedConsumer(
            world: world, process: process,
            settings: .init(groupID: "readers", clientID: "reader", readsCommitted: true))
    }
}
