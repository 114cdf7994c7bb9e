/// Where a test driver keeps its stores.
///
/// `MillraceTesting` has `.memory` and `.simulatedDisk`, `MillraceRuntime` adds `.rocksDB(in:)`.
public struct StateStorage: Sendable {
    /// Makes what opens the stores; `nil` to keep all of them in memory.
    package let makeProvider: @Sendable (_ applicationID: String) throws -> (any StoreProvider)?

    package init(makeProvider: @escaping @Sendable (_ applicationID: String) throws -> (any StoreProvider)?) {
        self.makeProvider = makeProvider
    }
}
