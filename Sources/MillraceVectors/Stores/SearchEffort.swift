/// How thoroughly an index is searched.
public enum SearchEffort: Sendable, Hashable {
    /// The graphs lead to entries that are near; some of the nearest may be missed. The number says how many candidates are kept: more
    /// find more and take longer, about in proportion.
    case approximate(candidates: Int)
    /// All entries are compared, so the nearest are found. The time grows with the number of entries.
    case exact

    /// 64 candidates.
    public static let standard = SearchEffort.approximate(candidates: 64)

    var candidates: Int? {
        switch self {
        case .approximate(let candidates): max(1, candidates)
        case .exact: nil
        }
    }
}
