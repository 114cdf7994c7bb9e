/// The method of a grouped stream that adds an operator, by which names are generated and problems told.
@usableFromInline
enum AggregationMethod: String {
    case count, reduce, aggregate

    /// What generated names of the operator and its store begin with.
    @usableFromInline
    var prefix: String { self == .reduce ? "KSTREAM-REDUCE-" : "KSTREAM-AGGREGATE-" }

    /// What to do about a serde that is missing.
    @usableFromInline
    var remedy: String { "pass it in \(rawValue)(into:)" }
}
