import ClusterCore
import MillraceEngine
import PortContracts
import Testing

@testable import MillraceTesting

/// A simulated cluster without faults.
final class SimulatedLab: PortLab {
    private let world = SimulatedWorld(seed: 1, faults: .none, groupID: "g", maxOffsetMetadataLength: 4_096)
    private let process = SimulatedProcess(name: "lab")

    private let wrap: (any ReaderPort) -> any ReaderPort

    init(wrapping wrap: @escaping (any ReaderPort) -> any ReaderPort = { $0 }) { self.wrap = wrap }

    var clock: any MillraceEngine.Clock { world.clock }
    var admin: any AdminPort { SimulatedAdmin(world: world, process: process) }

    func makeReader() -> any ReaderPort { wrap(consumer(group: "readers", clientID: "reader")) }

    func makeConsumer(group: String, clientID: String) -> any GroupConsumer {
        consumer(group: group, clientID: clientID)
    }

    private func consumer(group: String, clientID: String) -> SimulatedConsumer {
        SimulatedConsumer(
            world: world, process: process,
            settings: SimulatedConsumer.Settings(groupID: group, clientID: clientID, readsCommitted: true))
    }

    func makeProducer(transactionalID: String?) -> any ProducerPort {
        SimulatedProducer(world: world, process: process, transactionalID: transactionalID)
    }

    func settle() { world.settle() }
}

@Suite("The ports of the simulation keep their contracts")
struct SimulatedPortTests {
    @Test("reading", arguments: ReaderContract.behaviours + ReaderContract.transactionalBehaviours)
    func reading(behaviour: PortBehaviour) throws { try behaviour.check(SimulatedLab()) }

    @Test("membership", arguments: MembershipContract.behaviours)
    func membership(behaviour: PortBehaviour) throws { try behaviour.check(SimulatedLab()) }

    @Test("committed offsets", arguments: OffsetsContract.behaviours + OffsetsContract.memberBehaviours)
    func offsets(behaviour: PortBehaviour) throws { try behaviour.check(SimulatedLab()) }

    @Test(
        "producing",
        arguments: ProducerContract.behaviours + ProducerContract.clusterBehaviours
            + ProducerContract.transactionalBehaviours)
    func producing(behaviour: PortBehaviour) throws { try behaviour.check(SimulatedLab()) }

    @Test("administration", arguments: AdminContract.behaviours + AdminContract.groupBehaviours)
    func administration(behaviour: PortBehaviour) throws { try behaviour.check(SimulatedLab()) }

    @Test(
        "the cluster's errors are classified by the same table as the real client's",
        arguments: KafkaErrorCode.allCases)
    func errors(code: KafkaErrorCode) {
        for operation in PortError.Operation.allCases {
            let error = PortError(KafkaError(code), in: operation, during: "a test")
            #expect(error.kind == PortError.kind(ofCode: code.rawValue, during: operation) ?? .fatal)
            #expect(error.isTopicMissing == [.unknownTopicOrPartition, .unknownTopicID].contains(code))
        }
    }
}
