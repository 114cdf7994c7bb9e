import MillraceEngine
import PortContracts
import Testing

/// A fake cluster. The test sets its group, and it does not know a topic that nothing was written to. So the contracts of members
/// and of a cluster that refuses records do not apply to it.
private final class FakeLab: PortLab {
    private let cluster = FakeCluster()
    let clock: any MillraceEngine.Clock
    let admin: any AdminPort

    init() {
        clock = FakeClock(cluster)
        admin = FakeAdmin(cluster)
    }

    func makeReader() -> any ReaderPort { FakeConsumer(cluster) }
    func makeConsumer(group: String, clientID: String) -> any GroupConsumer { FakeConsumer(cluster) }

    func makeProducer(transactionalID: String?) -> any ProducerPort {
        FakeProducer(cluster, isTransactional: transactionalID != nil)
    }
}

@Suite("The fake ports keep their contracts")
struct FakePortTests {
    @Test("reading", arguments: ReaderContract.behaviours)
    func reading(behaviour: PortBehaviour) throws { try behaviour.check(FakeLab()) }

    @Test("committed offsets", arguments: OffsetsContract.behaviours)
    func offsets(behaviour: PortBehaviour) throws { try behaviour.check(FakeLab()) }

    @Test("producing", arguments: ProducerContract.behaviours)
    func producing(behaviour: PortBehaviour) throws { try behaviour.check(FakeLab()) }

    @Test("administration", arguments: AdminContract.behaviours)
    func administration(behaviour: PortBehaviour) throws { try behaviour.check(FakeLab()) }
}
