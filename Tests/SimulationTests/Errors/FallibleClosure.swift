import Millrace
import MillraceTesting

/// The error that the closures of `FallibleClosure.all` throw.
struct Refusal: Error {
    @TaskLocal static var isDue = true
}

/// Returns a value, or throws while everything is refused.
func unlessRefused<Value>(_ value: Value) throws -> Value {
    if Refusal.isDue { throw Refusal() }
    return value
}

/// A closure of user code, in an operator that calls it for each record, or for each record that meets another one.
///
/// `all` is the one list of them. A test compares it with the closures that the sources declare, so that no new operator and no
/// new closure is forgotten.
struct FallibleClosure: Sendable {
    /// The closure's name in `DeclaredClosures`. A text in brackets after it distinguishes several operators with it.
    var name: String
    /// The reason under which the handler of its errors counts dropped records.
    var reason: DropReason
    /// The rest of the results if a record is skipped.
    var rest: Rest
    /// The operator, with results in the topic `out` if it has any.
    var define: @Sendable (StreamsBuilder) throws -> Void

    /// The rest of the results if the handler continues without a record.
    enum Rest: Sendable {
        /// The results of a run without the record.
        case asWithoutTheRecord
        /// The same, but the record advances stream time: the results that this completes come with the record and have its
        /// headers.
        case asWithoutAllButItsTime
        /// The results of a run in which nothing is refused, without some that came with the record: operators upstream have
        /// processed it.
        case asWithoutItsResult
        /// The results without the record, or without its result: a store is read before the record is in it and after, or the
        /// record has replaced another one that waited.
        case asWithoutEither
        /// Neither, as docs/topology/processors.md says: later results show the state of operators upstream, or the value that the record
        /// should have removed.
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
    /// Writes the results to `out`, without their windows.
    func toOut() { toStream { (key: Windowed<String>?, _: String) in key?.key }.to("out") }
}
