/// The records that a part of a source has and that are not read yet.
public struct SourceBacklog: Sendable, Hashable {
    /// The number of records that are not read yet.
    public var recordCount: Int
    /// The number of records that the source can remove before it meets one that is not read; `nil` if the source removes none, or does not
    /// tell.
    public var trimMargin: Int?

    /// Makes a backlog.
    ///
    /// - Parameters:
    ///   - recordCount: the number of records that are not read yet.
    ///   - trimMargin: the number of records that the source can remove before it meets one that is not read; `nil`, the default, if the
    ///     source removes none, or does not tell.
    public init(recordCount: Int, trimMargin: Int? = nil) {
        self.recordCount = recordCount
        self.trimMargin = trimMargin
    }
}
