/// Reads that return the commit that they read, and can wait for one, for the typed handles of stores.

extension QueryableKeyValueStore {
    /// Reads the store as of one commit of each partition, on a thread that may block, and returns the position of these
    /// commits.
    ///
    /// ```swift
    /// let score = try await scores.read(reaching: written, within: .seconds(2)) { try $0.get("acct-1") }
    /// ```
    ///
    /// - Parameters:
    ///   - position: the position that the partitions have to reach; by default the one that they have. Its partitions that
    ///     are not here are ignored.
    ///   - limit: how long to wait for the position, and for partitions that are being restored. 1 s by default.
    ///   - body: reads the handle that it gets. It may be called again if a partition was closed in the meantime.
    /// - Throws: `StreamsError` with code `.positionNotReached`, which has the position that was reached, if the limit
    ///   passes first; `.positionMismatch` for a position in topics that say nothing about this store; `.storeUnavailable`
    ///   if the limit passes first; `.storeElsewhere`; what `body` throws; `CancellationError`.
    public func read<Result: Sendable>(
        reaching position: Position = Position(), within limit: Duration = .seconds(1),
        _ body: @escaping @Sendable (_ store: QueryableKeyValueStore) throws -> Result
    ) async throws -> Committed<Result> {
        try await partitions.read(reaching: position, within: limit) { try body(Self($0)) }
    }

    /// Reads the store as of one commit of each partition, on the caller's thread, and returns the position of these
    /// commits.
    ///
    /// ```swift
    /// let total = try scores.readCommit { try $0.entries().reduce(0) { $0 + $1.value } }
    /// ```
    ///
    /// - Throws: `StreamsError` like every read of the store; what `body` throws.
    public func readCommit<Result>(_ body: (_ store: QueryableKeyValueStore) throws -> Result) throws -> Committed<
        Result
    > {
        try partitions.pinned { try body(Self($0)) }
    }
}

extension QueryableWindowStore {
    /// Reads the store as of one commit of each partition, on a thread that may block, and returns the position of these
    /// commits.
    ///
    /// ```swift
    /// let counts = try await views.read(reaching: written) { try $0.fetch("/home", starting: 0...60_000).map(\.value) }
    /// ```
    ///
    /// - Parameters:
    ///   - position: the position that the partitions have to reach; by default the one that they have. Its partitions that
    ///     are not here are ignored.
    ///   - limit: how long to wait for the position, and for partitions that are being restored. 1 s by default.
    ///   - body: reads the handle that it gets. It may be called again if a partition was closed in the meantime.
    /// - Throws: `StreamsError` with code `.positionNotReached`, which has the position that was reached, if the limit
    ///   passes first; `.positionMismatch` for a position in topics that say nothing about this store; `.storeUnavailable`
    ///   if the limit passes first; `.storeElsewhere`; what `body` throws; `CancellationError`.
    public func read<Result: Sendable>(
        reaching position: Position = Position(), within limit: Duration = .seconds(1),
        _ body: @escaping @Sendable (_ store: QueryableWindowStore) throws -> Result
    ) async throws -> Committed<Result> {
        try await partitions.read(reaching: position, within: limit) { try body(Self($0)) }
    }

    /// Reads the store as of one commit of each partition, on the caller's thread, and returns the position of these
    /// commits.
    ///
    /// ```swift
    /// let opened = try views.readCommit { try $0.fetchAll(limit: 100).count }
    /// ```
    ///
    /// - Throws: `StreamsError` like every read of the store; what `body` throws.
    public func readCommit<Result>(_ body: (_ store: QueryableWindowStore) throws -> Result) throws -> Committed<Result>
    {
        try partitions.pinned { try body(Self($0)) }
    }
}

extension QueryableSessionStore {
    /// Reads the store as of one commit of each partition, on a thread that may block, and returns the position of these
    /// commits.
    ///
    /// ```swift
    /// let count = try await visits.read(reaching: written) { try $0.fetch("user-1").count }
    /// ```
    ///
    /// - Parameters:
    ///   - position: the position that the partitions have to reach; by default the one that they have. Its partitions that
    ///     are not here are ignored.
    ///   - limit: how long to wait for the position, and for partitions that are being restored. 1 s by default.
    ///   - body: reads the handle that it gets. It may be called again if a partition was closed in the meantime.
    /// - Throws: `StreamsError` with code `.positionNotReached`, which has the position that was reached, if the limit
    ///   passes first; `.positionMismatch` for a position in topics that say nothing about this store; `.storeUnavailable`
    ///   if the limit passes first; `.storeElsewhere`; what `body` throws; `CancellationError`.
    public func read<Result: Sendable>(
        reaching position: Position = Position(), within limit: Duration = .seconds(1),
        _ body: @escaping @Sendable (_ store: QueryableSessionStore) throws -> Result
    ) async throws -> Committed<Result> {
        try await partitions.read(reaching: position, within: limit) { try body(Self($0)) }
    }

    /// Reads the store as of one commit of each partition, on the caller's thread, and returns the position of these
    /// commits.
    ///
    /// ```swift
    /// let open = try visits.readCommit { try $0.fetchAll(limit: 100).count }
    /// ```
    ///
    /// - Throws: `StreamsError` like every read of the store; what `body` throws.
    public func readCommit<Result>(_ body: (_ store: QueryableSessionStore) throws -> Result) throws -> Committed<
        Result
    > {
        try partitions.pinned { try body(Self($0)) }
    }
}

extension QueryableVersionedStore {
    /// Reads the store as of one commit of each partition, on a thread that may block, and returns the position of these
    /// commits.
    ///
    /// ```swift
    /// let noon = try await prices.read(reaching: written) { try $0.get("apple", asOfMs: 43_200_000)?.value }
    /// ```
    ///
    /// - Parameters:
    ///   - position: the position that the partitions have to reach; by default the one that they have. Its partitions that
    ///     are not here are ignored.
    ///   - limit: how long to wait for the position, and for partitions that are being restored. 1 s by default.
    ///   - body: reads the handle that it gets. It may be called again if a partition was closed in the meantime.
    /// - Throws: `StreamsError` with code `.positionNotReached`, which has the position that was reached, if the limit
    ///   passes first; `.positionMismatch` for a position in topics that say nothing about this store; `.storeUnavailable`
    ///   if the limit passes first; `.storeElsewhere`; what `body` throws; `CancellationError`.
    public func read<Result: Sendable>(
        reaching position: Position = Position(), within limit: Duration = .seconds(1),
        _ body: @escaping @Sendable (_ store: QueryableVersionedStore) throws -> Result
    ) async throws -> Committed<Result> {
        try await partitions.read(reaching: position, within: limit) { try body(Self($0)) }
    }

    /// Reads the store as of one commit of each partition, on the caller's thread, and returns the position of these
    /// commits.
    ///
    /// ```swift
    /// let change = try prices.readCommit { try $0.versions(of: "apple").count }
    /// ```
    ///
    /// - Throws: `StreamsError` like every read of the store; what `body` throws.
    public func readCommit<Result>(_ body: (_ store: QueryableVersionedStore) throws -> Result) throws -> Committed<
        Result
    > {
        try partitions.pinned { try body(Self($0)) }
    }
}
