import Millrace
import MillraceTesting

/// What the closures of `FallibleClosure.all` throw.
struct Refusal: Error {
    @TaskLocal static var isDue = true
}

/// Returns a value unless it is the time to refuse everything.
func unlessRefused<Value>(_ value: Value) throws -> Value {
    if Refusal.isDue { throw Refusal() }
    return value
}

/// A closure of user code, in an operator that calls it for each record, or for each that meets another one.
///
/// `all` is the one list of them. A test holds it against the closures that the sources declare, so that no operator and no closure
/// of one can be added and forgotten.
struct FallibleClosure: Sendable {
    /// The closure as `DeclaredClosures` calls it. What is in brackets behind it tells several operators with it apart.
    var name: String
    /// The handler that decides about its errors, by what it counts.
    var reason: DropReason
    /// What the results are where a record is skipped.
    var rest: Rest
    /// The operator, with results in the topic `out` if it has any.
    var define: @Sendable (StreamsBuilder) throws -> Void

    /// What the results are where the handler goes on without a record.
    enum Rest: Sendable {
        /// Those of a run that the record is not part of.
        case asWithoutTheRecord
        /// The same, but the record's time has passed: what it ends comes with it, and so has its headers.
        case asWithoutAllButItsTime
        /// Those of a run in which nothing is refused, less some that came with the record: operators upstream have it.
        case asWithoutItsResult
        /// Those without the record, or without its result: a store is read before the record is in it and after, or the record
        /// has replaced another one that waited.
        case asWithoutEither
        /// Neither, as the page on processors says: what operators upstream have of the record, or what it was to take away, shows
        /// in later results.
        case otherwise
    }

    init(
        _ name: String, to reason: DropReason = .processing, rest: Rest = .asWithoutTheRecord,
        define: @escaping @Sendable (StreamsBuilder) throws -> Void
    ) {
        self.name = name
        self.reason = reason
        self.rest = rest
        self.define = define
    }

    static let all: [FallibleClosure] =
        streams + outputs + processors + aggregations + windows + cogroups + tables + streamJoins + tableJoins + serdes
        + stores + partitioners + timestamps

    /// The closure's declaration.
    var declaration: String { String(name.replacing(#/ \[[^\]]*\]$/#, with: "")) }

    // MARK: Inputs

    static func left(_ builder: StreamsBuilder) -> KStream<String, String> {
        builder.stream("left", key: .string, value: .string)
    }

    static func right(_ builder: StreamsBuilder) -> KStream<String, String> {
        builder.stream("right", key: .string, value: .string)
    }

    static func leftTable(_ builder: StreamsBuilder) -> KTable<String, String> {
        builder.table("left", key: .string, value: .string)
    }

    static func rightTable(_ builder: StreamsBuilder) -> KTable<String, String> {
        builder.table("right", key: .string, value: .string)
    }

    static func globalTable(_ builder: StreamsBuilder) -> GlobalKTable<String, String> {
        builder.globalTable("left", key: .string, value: .string)
    }
}

extension KTable where Key == Windowed<String>, Value == String {
    /// Writes the results without their windows.
    func toOut() { toStream { (key: Windowed<String>?, _: String) in key?.key }.to("out") }
}
