public import MillraceVectors
public import ServiceLifecycle

/// A cache as a service beside an application: it receives announcements until the group shuts down.
///
/// ```swift
/// let group = ServiceGroup(services: [EmbeddingCacheService(cache)], logger: logger)
/// try await group.run()
/// ```
public struct EmbeddingCacheService: Service {
    private let cache: EmbeddingCache

    /// Makes the service of a cache.
    public init(_ cache: EmbeddingCache) { self.cache = cache }

    /// Runs the cache until the task is cancelled or the group shuts down gracefully. Then the cache ends, as its own `run()` says.
    ///
    /// - Throws: The `Error` of the announcements if they cannot be received any more.
    public func run() async throws {
        try await cancelWhenGracefulShutdown { try await cache.run() }
    }
}
