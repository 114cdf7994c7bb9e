public import MillraceEngine

extension StateStorage {
    /// Hash tables: the fastest. A restart restores every store from its changelog.
    public static let memory = StateStorage { _ in nil }

    /// Stores that behave as those on a disk do: what was checkpointed survives a restart, what came after it is restored from
    /// the changelog.
    public static let simulatedDisk = StateStorage { _ in MemoryStateDirectory() }
}
