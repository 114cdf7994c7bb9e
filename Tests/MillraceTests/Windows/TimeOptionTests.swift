import Millrace
import Testing

/// Sizes of windows, graces, retentions and limits: which a topology is built with, and what is said of the others.
@Suite("Times that a topology is given")
struct TimeOptionTests {
    typealias Define = @Sendable (StreamsBuilder) -> Void

    private static func input(_ builder: StreamsBuilder) -> KStream<String, String> {
        builder.stream("in", key: .string, value: .string)
    }

    private static func windowed(
        _ windows: TimeWindows, emit: EmitStrategy = .onWindowUpdate, into store: Materialized<String, Int64>? = nil
    ) -> Define {
        { input($0).groupByKey().windowedBy(windows).emit(emit).count(into: store, named: "counted") }
    }

    private static func windowed(_ windows: SlidingWindows) -> Define {
        { input($0).groupByKey().windowedBy(windows).count(named: "counted") }
    }

    private static func windowed(_ windows: SessionWindows, into store: Materialized<String, Int64>? = nil) -> Define {
        { input($0).groupByKey().windowedBy(windows).count(into: store, named: "counted") }
    }

    private static func joined(_ windows: JoinWindows) -> Define {
        { builder in
            let other = builder.stream("other", key: .string, value: .string)
            _ = input(builder).leftJoin(other, within: windows) { left, right in "\(left)\(right ?? "")" }
        }
    }

    private static func joined(grace: Duration) -> Define {
        { builder in
            let table = builder.table(
                "table", key: .string, value: .string, into: .versioned("versions", historyRetention: .seconds(9)))
            _ = input(builder).join(table, grace: grace) { left, right in "\(left)\(right)" }
        }
    }

    private static func versioned(_ history: Duration) -> Define {
        { $0.table("in", key: .string, value: .string, into: .versioned("versions", historyRetention: history)) }
    }

    private static func suppressed(_ suppressed: Suppressed<String>) -> Define {
        { input($0).toTable().suppress(suppressed, named: "held") }
    }

    private static func connected<Store>(_ store: StoreBuilder<Store>) -> Define {
        { input($0).process(named: "worker", stores: [store]) { (_: ProcessorContext<String, String>) in { _ in } } }
    }

    private static func connected(window retention: Duration) -> Define {
        connected(Stores.window("windows", key: .string, value: .string, retention: retention))
    }

    private static func connected(session retention: Duration) -> Define {
        connected(Stores.session("sessions", key: .string, value: .string, retention: retention))
    }

    private static func connected(history: Duration) -> Define {
        connected(Stores.versionedKeyValue("versions", key: .string, value: .string, historyRetention: history))
    }

    private static func ms(_ count: Int64) -> Duration { .milliseconds(count) }
    private static let forever = Duration.seconds(Int64.max)

    private static let refused: [(String, Define)] = [
        ("counted: a window of 0 ms; the shortest is a millisecond", windowed(.tumbling(.zero))),
        ("counted: a window of 0 ms; the shortest is a millisecond", windowed(.tumbling(.nanoseconds(1)))),
        ("counted: a window of -1 ms; the shortest is a millisecond", windowed(.tumbling(ms(-1)))),
        (
            "counted: a window of \(Int64.min) ms; the shortest is a millisecond",
            windowed(.tumbling(.seconds(Int64.min)))
        ),
        ("counted: a grace of -1 ms; it must not be negative", windowed(.tumbling(ms(10), grace: ms(-1)))),
        (
            "counted: windows of 10 ms that advance by 0 ms; it must be 1 to 10 ms",
            windowed(.hopping(ms(10), advance: .nanoseconds(1)))
        ),
        (
            "counted: windows of 10 ms that advance by 11 ms; it must be 1 to 10 ms",
            windowed(.hopping(ms(10), advance: ms(11)))
        ),
        (
            "counted: windows of 100001 ms that advance by 1 ms: each record would be in 100001 of them, and at most 100000 "
                + "are possible; give a longer advance or a shorter size",
            windowed(.hopping(ms(100_001), advance: ms(1)))
        ),
        (
            "counted: windows of \(Int64.max) ms that advance by 1 ms: each record would be in \(Int64.max) of them, and at most "
                + "100000 are possible; give a longer advance or a shorter size",
            windowed(.hopping(forever, advance: ms(1)))
        ),
        (
            "counted: an unlimited window never closes; use emit strategy onWindowUpdate",
            windowed(.unlimited(), emit: .onWindowClose)
        ),
        (
            "counted: an unlimited window from -1 ms on; it must not begin before the epoch",
            windowed(.unlimited(fromMs: -1))
        ),
        (
            "counted: its store keeps windows for 9 ms, but needs them for 10 ms; give a longer retention",
            windowed(.tumbling(ms(10)), into: .store("store").retention(ms(9)))
        ),
        (
            "counted: its store keeps windows for -1 ms, but needs them for 10 ms; give a longer retention",
            windowed(.tumbling(ms(10)), into: .store("store").retention(ms(-1)))
        ),
        ("counted: a time difference of -1 ms; it must not be negative", windowed(.sliding(ms(-1)))),
        ("counted: a grace of -1 ms; it must not be negative", windowed(.sliding(ms(1), grace: ms(-1)))),
        ("counted: a gap of 0 ms; the shortest is a millisecond", windowed(.session(gap: .nanoseconds(999_999)))),
        ("counted: a grace of -5 ms; it must not be negative", windowed(.session(gap: ms(1), grace: ms(-5)))),
        (
            "counted: its store keeps windows for 5 ms, but needs them for 7 ms; give a longer retention",
            windowed(.session(gap: ms(4), grace: ms(3)), into: .store("store").retention(ms(5)))
        ),
        ("a grace of -1 ms; it must not be negative", joined(.difference(ms(1), grace: ms(-1)))),
        (
            "a window from 5 ms before to -6 ms after a record ends before it begins",
            joined(.difference(ms(5)).after(ms(-6)))
        ),
        (
            "a window from \(Int64.min) ms before to \(Int64.max) ms after a record ends before it begins",
            joined(.difference(forever).before(.seconds(Int64.min)))
        ),
        ("a grace of -1 ms; it must not be negative", joined(grace: ms(-1))),
        ("a history of -1 ms; it must not be negative", versioned(ms(-1))),
        ("windows: a retention of -1 ms; it must not be negative", connected(window: ms(-1))),
        ("sessions: a retention of -1 ms; it must not be negative", connected(session: ms(-1))),
        ("versions: a history of -1 ms; it must not be negative", connected(history: ms(-1))),
        ("held: a time limit of -1 ms; it must not be negative", suppressed(.untilTimeLimit(ms(-1)))),
        (
            "held: a buffer of a negative size",
            suppressed(.untilTimeLimit(ms(1), buffer: .bounded(maxRecords: -1, whenFull: .emitEarly)))
        ),
        (
            "offset reset by a negative duration",
            { _ = $0.stream("in", key: Serde<String>.string, value: .string, offsetReset: .byDuration(ms(-1))) }
        ),
    ]

    @Test("are refused with their names where they make no sense", arguments: refused.indices)
    func refuses(row: Int) {
        let (sentence, define) = Self.refused[row]
        let builder = StreamsBuilder()
        define(builder)
        do throws(any Error) {
            _ = try builder.build()
            Issue.record("it was built, without a word about: \(sentence)")
        } catch {
            let message = (error as? StreamsError)?.message ?? "\(error)"
            #expect(message.hasSuffix(sentence))
            // Each thing is said once.
            #expect(!message.contains("; \(sentence)"))
            #expect((error as? StreamsError)?.code == .invalidTopology)
        }
    }

    private static let accepted: [Define] = [
        windowed(.tumbling(forever, grace: forever)), windowed(.tumbling(ms(1), grace: forever)),
        windowed(.hopping(ms(100_000), advance: ms(1))), windowed(.hopping(forever, advance: forever)),
        windowed(.unlimited(fromMs: .max)), windowed(.unlimited(fromMs: 0)),
        windowed(.tumbling(ms(1)), into: .store("store").retention(forever)),
        windowed(.sliding(.zero)), windowed(.sliding(forever, grace: forever)),
        windowed(.session(gap: forever, grace: forever)), windowed(.session(gap: ms(1), grace: forever)),
        joined(.difference(forever, grace: forever)), joined(.difference(.zero)),
        joined(.difference(ms(5)).after(ms(-5))), joined(.difference(ms(5)).before(ms(-5))),
        joined(grace: .zero), versioned(.zero), versioned(forever), connected(window: .zero),
        connected(window: forever),
        connected(session: .zero), connected(session: forever), connected(history: .zero), connected(history: forever),
        suppressed(.untilTimeLimit(.zero)), suppressed(.untilTimeLimit(forever)),
        { _ = $0.stream("in", key: Serde<String>.string, value: .string, offsetReset: .byDuration(forever)) },
    ]

    @Test("are taken to the ends of what there is", arguments: accepted.indices)
    func accepts(row: Int) throws {
        let builder = StreamsBuilder()
        Self.accepted[row](builder)
        _ = try builder.build()
    }
}
