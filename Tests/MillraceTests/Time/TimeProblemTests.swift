import Millrace
import Testing

@Suite("Times that an operator cannot have")
struct TimeProblemTests {
    private typealias Define = @Sendable (KStream<String, String>) -> Void

    private static func define(_ windows: TimeWindows) -> Define {
        { $0.groupByKey().windowedBy(windows).count(named: "op").toStream().foreach { _ in } }
    }

    private static func define(_ windows: SlidingWindows) -> Define {
        { $0.groupByKey().windowedBy(windows).count(named: "op").toStream().foreach { _ in } }
    }

    private static func define(_ windows: SessionWindows) -> Define {
        { $0.groupByKey().windowedBy(windows).count(named: "op").toStream().foreach { _ in } }
    }

    private static func define(_ windows: JoinWindows) -> Define {
        { $0.join($0, within: windows, named: "op") { $0 + $1 }.foreach { _ in } }
    }

    private static func define(retention: Duration) -> Define {
        {
            $0.groupByKey().windowedBy(.tumbling(.seconds(10)))
                .count(into: .store("store").retention(retention), named: "op").toStream().foreach { _ in }
        }
    }

    private static func define(_ store: StoreBuilder<some Any>) -> Define {
        { $0.process(stores: [store], named: "op") { (_: ProcessorContext<Never, Never>) in { _ in } } }
    }

    private static let below = Duration.milliseconds(-1)
    private static let shortest = Duration.seconds(Int64.min)
    private static let bad: [(problem: String, define: Define)] = [
        ("op: a window of 0 ms; the shortest is a millisecond", define(.tumbling(.zero))),
        ("op: a window of 0 ms; the shortest is a millisecond", define(.tumbling(.microseconds(999)))),
        ("op: a window of -1 ms; the shortest is a millisecond", define(.tumbling(below))),
        ("op: a window of -9223372036854775808 ms; the shortest is a millisecond", define(.tumbling(shortest))),
        ("op: a grace of -1 ms; it must not be negative", define(.tumbling(.seconds(1), grace: below))),
        (
            "op: windows of 10 ms that advance by 0 ms; it must be 1 to 10 ms",
            define(.hopping(.milliseconds(10), advance: .zero))
        ),
        (
            "op: windows of 10 ms that advance by 11 ms; it must be 1 to 10 ms",
            define(.hopping(.milliseconds(10), advance: .milliseconds(11)))
        ),
        ("op: a time difference of -1 ms; it must not be negative", define(.sliding(below))),
        ("op: a grace of -1 ms; it must not be negative", define(.sliding(.zero, grace: below))),
        ("op: a gap of 0 ms; the shortest is a millisecond", define(.session(gap: .zero))),
        ("op: a grace of -1 ms; it must not be negative", define(.session(gap: .seconds(1), grace: below))),
        ("a grace of -1 ms; it must not be negative", define(.difference(.seconds(1), grace: below))),
        (
            "a window from -1 ms before to -1 ms after a record ends before it begins",
            define(.difference(below))
        ),
        (
            "a window from 5 ms before to -6 ms after a record ends before it begins",
            define(.difference(.milliseconds(5)).after(.milliseconds(-6)))
        ),
        (
            "its store keeps windows for -1 ms, but needs them for 10000 ms; give a longer retention",
            define(retention: below)
        ),
        (
            "its store keeps windows for 9999 ms, but needs them for 10000 ms; give a longer retention",
            define(retention: .milliseconds(9_999))
        ),
        (
            "op: the store s keeps its entries for -1 ms; it must not be negative",
            define(Stores.window("s", key: .string, value: .string, retention: below))
        ),
        (
            "op: the store s keeps its entries for -1 ms; it must not be negative",
            define(Stores.session("s", key: .string, value: .string, retention: below))
        ),
        (
            "op: the store s keeps its entries for -1 ms; it must not be negative",
            define(Stores.versionedKeyValue("s", key: .string, value: .string, historyRetention: below))
        ),
        (
            "the store s keeps its entries for -1 ms; it must not be negative",
            { $0.toTable(into: .versioned("s", historyRetention: below)).toStream().foreach { _ in } }
        ),
        (
            "op: a time limit of -1 ms; it must not be negative",
            { $0.toTable().suppress(.untilTimeLimit(below), named: "op").toStream().foreach { _ in } }
        ),
    ]

    @Test("is refused when the topology is built, with a sentence of its own", arguments: 0..<bad.count)
    func refused(index: Int) {
        let (problem, define) = Self.bad[index]
        let builder = StreamsBuilder()
        define(builder.stream("in", key: .string, value: .string))
        let error = #expect(throws: StreamsError.self) { try builder.build() }
        #expect(error?.code == .invalidTopology)
        #expect(error?.message.contains(problem) == true, "\(error?.message ?? "")")
    }
}
