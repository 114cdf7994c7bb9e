/// The method of a grouped stream that adds an operator. Generated names and messages about problems depend on it.
@usableFromInline
enum AggregationMethod: String {
    case count, reduce, aggregate

    /// The prefix of the generated names of the operator and its store.
    @usableFromInline
    var prefix: String { self == .reduce ? "KSTREAM-REDUCE-" : "KSTREAM-AGGREGATE-" }

    /// The advice that is given when a serde is missing.
    @usableFromInline
    var remedy: String { "pass it in \(rawValue)(into:)" }
}
