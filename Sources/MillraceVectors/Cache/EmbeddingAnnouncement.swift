/// The news that a version of an embedding can be loaded.
public struct EmbeddingAnnouncement: Sendable, Hashable {
    /// The name of the embedding.
    public var key: EmbeddingKey
    /// The version that can be loaded; `nil` if it is not known, so that whatever a cache has is outdated.
    public var version: Int64?
    /// The cache that announces, so that it does not load on its own announcement.
    public var origin: String

    /// Makes an announcement.
    ///
    /// - Parameters:
    ///   - key: The name of the embedding.
    ///   - version: The version that can be loaded; `nil` if it is not known.
    ///   - origin: The cache that announces.
    public init(_ key: EmbeddingKey, version: Int64?, origin: String) {
        self.key = key
        self.version = version
        self.origin = origin
    }
}

/// The channel on which caches tell each other what can be loaded, such as a topic that all of them read.
///
/// Announcements are hints: one that is lost costs a load later, one that comes twice costs nothing.
public protocol EmbeddingAnnouncements: Sendable {
    /// Sends announcements soon. It returns at once; if too many wait already, it drops some.
    func publish(_ announcements: [EmbeddingAnnouncement])

    /// Receives the announcements of all caches from now on, until the task is cancelled.
    ///
    /// - Parameter receive: Gets the announcements in the order in which they come. It returns soon.
    /// - Throws: `CancellationError`, or any `Error` if there is no way to receive any more. Faults that may pass are retried instead.
    func run(_ receive: @escaping @Sendable ([EmbeddingAnnouncement]) -> Void) async throws
}
