import Foundation
import KafkaClient
import Millrace
import MillraceOperations
import MillraceRuntime
import Testing

@Suite("Explanations of operators") struct ExplainOperatorTests {
    private func outputs(_ explanation: Explanation) -> [String] {
        explanation.outputs.map { "\($0.topic)-\($0.partition) \($0.key.text) \($0.value.text) @\($0.timestampMs)" }
    }

    private func steps(_ explanation: Explanation) -> [String] {
        explanation.steps.map { "\($0.node.prefix { !$0.isNumber }) \($0.outcome)" }
    }

    @Test("a table-table join is explained from either side; without a match it says so")
    func tableJoin() async throws {
        let define: (StreamsBuilder) -> Void = { builder in
            let right = builder.table("other", key: .string, value: .string)
            builder.table("in", key: .string, value: .string).join(right) { $0 + $1 }.toStream()
                .to("out", key: .string, value: .string)
        }
        let records: [Written] = [("in", "a", "1", 1), ("other", "a", "x", 2), ("in", "b", "2", 3)]
        let right = try await explain("a", of: "other", records, define)
        #expect(right.outcome == "produced" && outputs(right) == [#"out-0 "a" "1x" @2"#])
        // The first record of the left side had no match when it was processed; that its result came later is the other side's doing.
        let left = try await explain("a", records, define)
        #expect(left.outcome == "no_match" && outputs(left).isEmpty && left.processed?.offset == 0)
        let updated = try await explain("a", records + [("in", "a", "3", 4)], define)
        #expect(updated.outcome == "produced" && outputs(updated) == [#"out-0 "a" "3x" @4"#])
        let alone = try await explain("b", records, define)
        #expect(alone.outcome == "no_match" && alone.summary.contains("the other side of the join has no value"))
        #expect(alone.summary.hasPrefix("the record at offset 1 produced no result: "))
    }

    @Test("a foreign-key join is followed through its topics, from either side; without a match it says so")
    func foreignKeyJoin() async throws {
        let define: (StreamsBuilder) -> Void = { builder in
            let customers = builder.table("other", key: .string, value: .string)
            builder.table("in", key: .string, value: .string)
                .join(customers, on: { _, order in order }, joiner: { "\($0) of \($1)" }).toStream()
                .to("out", key: .string, value: .string)
        }
        let records: [Written] = [
            ("other", "anna", "Anna", 1), ("in", "order-1", "anna", 2), ("in", "order-2", "anna", 3),
            ("in", "order-3", "bert", 4),
        ]
        let order = try await explain("order-1", records, define)
        #expect(order.outcome == "produced", "\(order.summary)")
        #expect(outputs(order) == [#"out-0 "order-1" "anna of Anna" @2"#])
        let customer = try await explain("anna", of: "other", records + [("other", "anna", "Anne", 5)], define)
        #expect(customer.outcome == "produced")
        #expect(
            outputs(customer).sorted() == [
                #"out-0 "order-1" "anna of Anne" @5"#, #"out-0 "order-2" "anna of Anne" @5"#,
            ])
        let unmatched = try await explain("order-3", records, define)
        #expect(unmatched.outcome == "no_match" && outputs(unmatched).isEmpty, "\(unmatched.summary)")
        let unsubscribed = try await explain("carl", of: "other", records + [("other", "carl", "Carl", 6)], define)
        #expect(unsubscribed.outcome == "no_match" && outputs(unsubscribed).isEmpty, "\(unsubscribed.summary)")
    }

    @Test("a session shows what it was merged from, and a late record by how much it was too late")
    func sessions() async throws {
        let define: (StreamsBuilder) -> Void = { builder in
            builder.stream("in", key: .string, value: .string).groupByKey()
                .windowedBy(.session(gap: .seconds(10), grace: .seconds(5))).count(into: .store("sessions"))
        }
        let merged = try await explain("a", [("in", "a", "1", 1_000), ("in", "a", "2", 8_000)], define)
        #expect(merged.outcome == "stored", "\(merged.summary)")
        #expect(
            merged.changes.map { "\($0.key.text) \($0.value.text)" } == [
                #"{"key": "a", "startMs": 1000, "endMs": 1000} null"#,
                #"{"key": "a", "startMs": 1000, "endMs": 8000} 2"#,
            ])
        let late = try await explain("a", [("in", "b", "1", 60_000), ("in", "a", "2", 1_000)], define)
        #expect(late.outcome == "late" && late.changes.isEmpty)
        // The session of 1 s is open up to 1 s + 10 s + 5 s, and closed a millisecond later.
        #expect(late.summary.contains("too late by 43.999 seconds"), "\(late.summary)")
        #expect(late.summary.contains("a wait of 15.001 seconds, at stream time 1970-01-01T00:01:00.000Z"))
    }

    @Test("a record of a split goes to the first branch that takes it; without one, no branch took it")
    func split() async throws {
        let define: (StreamsBuilder) -> Void = { builder in
            let split = builder.stream("in", key: .string, value: .string).split(named: "by-")
            split.branch("short") { $1.count < 2 }.to("out", key: .string, value: .string)
            split.branch("medium") { $1.count < 4 }.mapValues { $0 + "!" }.to("second", key: .string, value: .string)
        }
        let short = try await explain("a", [("in", "a", "1", 1)], define)
        #expect(short.outcome == "produced" && outputs(short) == [#"out-0 "a" "1" @1"#])
        let medium = try await explain("a", [("in", "a", "123", 1)], define)
        #expect(medium.outcome == "produced" && outputs(medium) == [#"second-0 "a" "123!" @1"#])
        #expect(medium.steps.contains { $0.node == "by-medium" } && !medium.steps.contains { $0.node == "by-short" })
        let none = try await explain("a", [("in", "a", "12345", 1)], define)
        #expect(none.outcome == "no_branch" && none.outputs.isEmpty && none.summary.contains("no branch took it"))
    }

    @Test("with several partitions a key is looked for in its own, or in the one that is named")
    func partitions() async throws {
        let define: (StreamsBuilder) -> Void = { builder in
            builder.stream("in", key: .string, value: .string).groupBy(key: .string) { _, value in value }
                .count(into: .store("counts")).toStream().to("out", key: .string, value: .int64)
        }
        let records: [Written] = (0..<40).map { ("in", "k\($0)", "v\($0 % 3)", Int64($0)) }
        let count: Int32 = 4
        func number(_ key: String) -> Int32 {
            Array(key.utf8).withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: count) }
        }
        for key in ["k5", "k20", "k39"] {
            let found = try await explain(key, records, partitions: count, define)
            let index = try #require(Int(key.dropFirst()))
            #expect(found.partition == number(key) && found.task == "0_\(number(key))" && found.outcome == "produced")
            #expect(found.processed?.timestampMs == Int64(index))
            // The value counts across all partitions of the input, and goes to its own one.
            let value = "v\(index % 3)"
            #expect(outputs(found) == [#"out-\#(number(value)) "\#(value)" \#(index / 3 + 1) @\#(index)"#])
            #expect(
                found.changes.map { "\($0.store)-\($0.partition) \($0.value.text)" } == [
                    "counts-\(number(value)) \(index / 3 + 1)"
                ])
            let elsewhere = try await explain(
                key, records, partitions: count, in: (number(key) + 1) % count, define)
            #expect(elsewhere.outcome == "no_record" && elsewhere.last == nil)
            await #expect(throws: OperationError.self) {
                try await explain(key, records, partitions: count, in: count, define)
            }
        }
    }
}
