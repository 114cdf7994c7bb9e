import Millrace
import MillraceEngine
import PortContracts
import Testing

@testable import MillraceRuntime

/// State directories on disk, one after the other.
private final class StateDirectoryLab: StoreProviderLab {
    private let root: TestDirectory
    private var directory: StateDirectory

    init() throws {
        root = try TestDirectory()
        directory = try StateDirectory(root.path, applicationID: "app", logger: quiet)
    }

    deinit { directory.close() }

    var provider: any StoreProvider { directory }

    func restart() throws {
        directory.close()
        directory = try StateDirectory(root.path, applicationID: "app", logger: quiet)
    }
}

@Suite("The state directory keeps the contract of store providers")
struct StoreProviderTests {
    @Test("stores", arguments: StoreProviderContract.behaviours)
    func stores(behaviour: Behaviour<any StoreProviderLab>) throws { try behaviour.check(StateDirectoryLab()) }
}
