import Millrace
import MillraceTesting
import Testing

/// Left values name their foreign key before a dot.
@Suite("Foreign-key joins of tables")
struct ForeignKeyJoinTests {
    typealias Table = KTable<String, String>

    enum Kind: CaseIterable {
        case inner, left

        func join(
            _ left: Table, _ right: Table, into store: Materialized<String, String>? = nil, named name: String? = nil
        ) -> Table {
            let foreignKey: @Sendable (String, String) -> String? = { _, value in
                value.firstIndex(of: ".").map { String(value[..<$0]) }
            }
            return switch self {
            case .inner: left.join(right, into: store, named: name, on: foreignKey) { "\($0)|\($1)" }
            case .left: left.leftJoin(right, into: store, named: name, on: foreignKey) { "\($0)|\($1 ?? "-")" }
            }
        }
    }

    /// What is there, what comes, and what each join makes of the latter: lines, or none.
    struct Case {
        var before: [(Side, Text)]
        var change: (Side, Text)
        var results: [Kind: [String]]
    }

    private static let left: (Side, Text) = (.left, text("o1", "p.1", 5))
    private static let right: (Side, Text) = (.right, text("p", "P", 7))

    private static let cases: [Case] = [
        // Nothing is there.
        Case(before: [], change: left, results: [.left: ["o1=p.1|-@5"]]),
        Case(before: [], change: right, results: [:]),
        Case(before: [], change: (.left, text("o1", nil, 5)), results: [:]),
        Case(before: [], change: (.left, text("o1", "none", 5)), results: [.left: ["o1=none|-@5"]]),
        // The other side is there.
        Case(before: [right], change: left, results: [.inner: ["o1=p.1|P@7"], .left: ["o1=p.1|P@7"]]),
        Case(before: [left], change: right, results: [.inner: ["o1=p.1|P@7"], .left: ["o1=p.1|P@7"]]),
        // Both are there: a change, a deletion, another foreign key, none any more.
        Case(
            before: [left, right], change: (.left, text("o1", "p.2", 3)),
            results: [.inner: ["o1=p.2|P@7"], .left: ["o1=p.2|P@7"]]),
        Case(
            before: [left, right], change: (.right, text("p", "Q", 9)),
            results: [.inner: ["o1=p.1|Q@9"], .left: ["o1=p.1|Q@9"]]),
        Case(
            before: [left, right], change: (.right, text("p", nil, 9)),
            results: [.inner: ["o1=-@9"], .left: ["o1=p.1|-@9"]]),
        Case(
            before: [left, right], change: (.left, text("o1", nil, 9)),
            results: [.inner: ["o1=-@9"], .left: ["o1=-@9"]]),
        Case(
            before: [left, right], change: (.left, text("o1", "q.1", 9)),
            results: [.inner: ["o1=-@9"], .left: ["o1=q.1|-@9"]]),
        Case(
            before: [left, right], change: (.left, text("o1", "none", 9)),
            results: [.inner: ["o1=-@9"], .left: ["o1=none|-@9"]]),
        Case(
            before: [left, right, (.right, text("q", "Q", 2))], change: (.left, text("o1", "q.1", 9)),
            results: [.inner: ["o1=q.1|Q@9"], .left: ["o1=q.1|Q@9"]]),
        // Only the left side is there, and has no match: an inner join may have to delete only if the foreign key changes.
        Case(before: [left], change: (.left, text("o1", "p.2", 9)), results: [.left: ["o1=p.2|-@9"]]),
        Case(
            before: [left], change: (.left, text("o1", "q.1", 9)),
            results: [.inner: ["o1=-@9"], .left: ["o1=q.1|-@9"]]),
        // There was no foreign key.
        Case(
            before: [(.left, text("o1", "none", 5)), right], change: (.left, text("o1", "p.1", 6)),
            results: [.inner: ["o1=p.1|P@7"], .left: ["o1=p.1|P@7"]]),
        Case(
            before: [(.left, text("o1", "none", 5)), right], change: (.left, text("o1", "q.1", 6)),
            results: [.left: ["o1=q.1|-@6"]]),
        Case(
            before: [(.left, text("o1", "none", 5))], change: (.left, text("o1", "no", 6)),
            results: [.left: ["o1=no|-@6"]]),
        Case(
            before: [(.left, text("o1", "none", 5))], change: (.left, text("o1", nil, 6)),
            results: [.left: ["o1=-@6"]]),
        // Several refer to one value, in the order of their keys.
        Case(
            before: [(.left, text("o2", "p.2", 1)), left, (.left, text("o3", "q.3", 2)), right],
            change: (.right, text("p", "Q", 9)),
            results: [.inner: ["o1=p.1|Q@9", "o2=p.2|Q@9"], .left: ["o1=p.1|Q@9", "o2=p.2|Q@9"]]),
    ]

    private func run(_ kind: Kind, _ records: [(Side, Text)], isMaterialized: Bool) throws -> Outcome<String, String> {
        try runSides(records) { builder in
            kind.join(
                builder.table("left", key: .string, value: .string),
                builder.table("right", key: .string, value: .string),
                into: isMaterialized ? .store("joined") : nil
            ).toStream()
        }
    }

    @Test("what comes on either side has the results of the join's kind", arguments: Kind.allCases)
    func table(_ kind: Kind) throws {
        for (index, each) in Self.cases.enumerated() {
            let before = try run(kind, each.before, isMaterialized: false).lines
            let all = try run(kind, each.before + [each.change], isMaterialized: false).lines
            #expect(Array(all.dropFirst(before.count)) == each.results[kind] ?? [], "case \(index)")
        }
    }

    /// What is left of a table after its changes.
    private func lastValues(of outcome: Outcome<String, String>) -> [String: String] {
        outcome.records.reduce(into: [:]) { table, record in table[record.key ?? "-"] = record.value }
    }

    @Test("a result that is kept has the same last values", arguments: Kind.allCases)
    func materialized(_ kind: Kind) throws {
        for (index, each) in Self.cases.enumerated() {
            let records = each.before + [each.change]
            let plain = try run(kind, records, isMaterialized: false)
            let kept = try run(kind, records, isMaterialized: true)
            #expect(lastValues(of: plain) == lastValues(of: kept), "case \(index)")
        }
    }

    @Test("an inner join that is kept deletes nothing where there was no match")
    func noTombstone() throws {
        let outcome = try run(
            .inner, [(.left, text("o1", "p.1", 5)), (.left, text("o1", "q.1", 9)), (.left, text("o1", "none", 10))],
            isMaterialized: true)
        #expect(outcome.lines == [])
    }

    @Test("an inner join follows a foreign key that comes, goes and comes again")
    func comingAndGoing() throws {
        let outcome = try run(
            .inner,
            [
                (.right, text("p", "P", 1)), (.left, text("o1", "none", 2)), (.left, text("o1", "p.1", 3)),
                (.left, text("o1", "none", 4)), (.left, text("o2", "p.2", 5)), (.right, text("p", "P2", 6)),
            ], isMaterialized: false)
        #expect(outcome.lines == ["o1=p.1|P@3", "o1=-@4", "o2=p.2|P@5", "o2=p.2|P2@6"])
    }

    @Test("a left join has one result for each change of the left side")
    func oneResult() throws {
        let outcome = try run(
            .left,
            [
                (.right, text("p", "P", 1)), (.right, text("q", "Q", 2)), (.left, text("o1", "p.1", 3)),
                (.left, text("o1", "q.1", 4)), (.left, text("o1", nil, 5)),
            ], isMaterialized: false)
        #expect(outcome.lines == ["o1=p.1|P@3", "o1=q.1|Q@4", "o1=-@5"])
    }

    @Test("a change without a foreign key, and an answer to an outdated value, are counted")
    func dropped() throws {
        let records: [(Side, Text)] = [
            (.left, text("o1", "none", 1)), (.left, text(nil, "p.1", 2)), (.right, text(nil, "P", 3)),
        ]
        let outcome = try run(.inner, records, isMaterialized: false)
        #expect(outcome.dropped == [.nullForeignKey: 1, .nullKey: 2])
    }

    @Test("the user's name is the beginning of the names of all pieces")
    func names() throws {
        let builder = StreamsBuilder()
        _ = Kind.left.join(
            builder.table("left", key: .string, value: .string), builder.table("right", key: .string, value: .string),
            into: .store("joined"), named: "j")
        let description = try builder.build().describe()
        for name in [
            "topic: j-subscription-registration-topic", "topics: [j-subscription-response-topic]",
            "Processor: j-subscription-registration-processor", "stores: [j-subscription-store]",
            "Processor: j-subscription-response-resolver", "Processor: j-result (stores: [joined])",
        ] { #expect(description.contains(name), "\(name)") }
    }

    @Test("a table without a serde is told which one the join misses")
    func missingSerde() throws {
        struct Unknown: Sendable { var text: String }
        let builder = StreamsBuilder()
        let left = builder.table("left", key: .string, value: .string).mapValues { Unknown(text: $0) }
        left.join(builder.table("right", key: .string, value: .string)) { _, value in
            value.text
        } joiner: {
            $1
        }
        let error = #expect(throws: StreamsError.self) { try builder.build() }
        #expect(error?.message.contains("no serde for value type Unknown; on the join's left side") == true)
    }

    @Test(
        "the hash is murmur3 with Kafka's seed",
        arguments: [
            // From records that Kafka Streams wrote.
            ("p1.x", "b3a339257eb3bbb0c96e50cdffc42d74"), ("nofk", "86acf90601515c973eb7edcf504673e3"),
            ("p2.z", "61cd0bd92bfbf4bda053132914d77247"),
        ])
    func hash(_ value: String, _ expected: String) throws {
        let subscription = Subscription(
            hash: Array(value.utf8).withUnsafeBytes { ValueHash(of: $0) }, instruction: .propagateNullIfNoValue,
            primaryKey: "k", primaryPartition: 3)
        let bytes = try Serde.subscription(of: .string).bytes(of: subscription)
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(digits == "0102\(expected)6b00000003")
    }

    @Test("bytes that are no subscription or answer are an error, never a crash")
    func malformed() throws {
        let subscriptions = Serde<Subscription<String>>.subscription(of: .string)
        let responses = Serde<SubscriptionResponse<String>>.subscriptionResponse(of: .string)
        let beginnings: [[UInt8]] = [
            [], [1], [1, 9], [2, 0], [0x81, 2, 0, 0], [1, 2] + Array(repeating: 0, count: 19),
        ]
        for bytes in beginnings { #expect(throws: SerdeError.self) { try subscriptions.value(from: bytes) } }
        for bytes in [[], [0], [1], [3]] as [[UInt8]] {
            #expect(throws: SerdeError.self) { try responses.value(from: bytes) }
        }
        // The format before releases that know the primary partition.
        let old = try subscriptions.value(from: [0x80, 1] + Array("key".utf8))
        #expect(old.primaryKey == "key" && old.primaryPartition == nil && old.hash == nil)
    }
}
