import MillraceEngine
import PortContracts
import Testing

@testable import MillraceTesting

/// The state directory of the test driver.
private final class MemoryLab: StoreProviderLab {
    private let directory = MemoryStateDirectory()

    var provider: any StoreProvider { directory }

    func restart() { directory.crash() }
}

/// The disk of a simulated process, without faults.
private final class SimulatedDiskLab: StoreProviderLab {
    private let world = SimulatedWorld(seed: 1, faults: .none, groupID: "g", maxOffsetMetadataLength: 4_096)
    private let directory = MemoryStateDirectory()
    private var stores: SimulatedStores

    init() { stores = Self.stores(directory, world) }

    private static func stores(_ directory: MemoryStateDirectory, _ world: SimulatedWorld) -> SimulatedStores {
        SimulatedStores(
            directory: directory, indexes: SimulatedIndexDisk(), world: world, process: SimulatedProcess(name: "lab"),
            applicationID: "app")
    }

    var provider: any StoreProvider { stores }

    func restart() {
        directory.crash()
        stores = Self.stores(directory, world)
    }
}

@Suite("Stores in memory keep the contract of store providers")
struct MemoryStoreProviderTests {
    @Test("the test driver's", arguments: StoreProviderContract.behaviours)
    func testDriver(behaviour: Behaviour<any StoreProviderLab>) throws { try behaviour.check(MemoryLab()) }

    @Test("the simulation's", arguments: StoreProviderContract.behaviours)
    func simulation(behaviour: Behaviour<any StoreProviderLab>) throws { try behaviour.check(SimulatedDiskLab()) }
}
