public import MillraceEngine

extension StateStorage {
    /// Hash tables: the fastest. A restart restores every store from its changelog.
    public static let memory = StateStorage { _ in nil }

    /// Stores that behave as those on a disk do: checkpointed changes survive a restart, and later ones are restored from the
    /// changelog.
    public static let simulatedDisk = StateStorage { _ in MemoryStateDirectory() }
}
