/// The storage of a test driver's stores.
///
/// `MillraceTesting` has `.memory` and `.simulatedDisk`, `MillraceRuntime` adds `.rocksDB(in:)`.
public struct StateStorage: Sendable {
    /// Makes the provider that opens the stores; returns `nil` to keep all of them in memory.
    package let makeProvider: @Sendable (_ applicationID: String) throws -> (any StoreProvider)?

    package init(makeProvider: @escaping @Sendable (_ applicationID: String) throws -> (any StoreProvider)?) {
        self.makeProvider = makeProvider
    }
}
