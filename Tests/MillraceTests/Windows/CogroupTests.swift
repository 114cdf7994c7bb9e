import Millrace
import MillraceTesting
import Testing

@Suite("Cogroup")
struct CogroupTests {
    private let records: [(Side, Text)] = [
        (.left, text("a", "x", 1)), (.right, text("a", "y", 2)), (.right, text("b", "z", 12)),
        (.left, text("a", nil, 13)), (.left, text("a", "w", 14)),
    ]

    private func cogrouped(_ builder: StreamsBuilder) -> CogroupedKStream<String, String> {
        builder.stream("left", key: .string, value: .string).groupByKey().cogroup { _, value, sum in "\(sum)L\(value)" }
            .cogroup(builder.stream("right", key: .string, value: .string).groupByKey()) { _, value, sum in
                "\(sum)R\(value)"
            }
    }

    @Test("the records of both streams go into one aggregate of each key")
    func plain() throws {
        let outcome = try runSides(records) { cogrouped($0).aggregate(into: .store(), initial: "").toStream() }
        #expect(outcome.lines == ["a=Lx@1", "a=LxRy@2", "b=Rz@12", "a=LxRyLw@14"])
        #expect(outcome.dropped == [.nullKeyOrValue: 1])
    }

    @Test("and of each window")
    func windowed() throws {
        let outcome = try runSides(records) { builder in
            cogrouped(builder).windowedBy(.tumbling(.milliseconds(10))).aggregate(into: .store(), initial: "").lines()
        }
        #expect(outcome.lines == ["a@0/10=Lx@1", "a@0/10=LxRy@2", "b@10/20=Rz@12", "a@10/20=Lw@14"])
    }

    @Test("an aggregator of whole records sees those without a value in windows and sessions, as in Kafka Streams")
    func wholeRecords() throws {
        func cogrouped(_ builder: StreamsBuilder) -> CogroupedKStream<String, String> {
            builder.stream("left", key: .string, value: .string).groupByKey()
                .cogroup { record, sum in "\(sum)L\(record.value ?? "-")" }
                .cogroup(builder.stream("right", key: .string, value: .string).groupByKey()) { record, sum in
                    "\(sum)R\(record.value ?? "-")@\(record.timestampMs)"
                }
        }
        let windows = try runSides(records) { builder in
            cogrouped(builder).windowedBy(.tumbling(.milliseconds(10))).aggregate(into: .store(), initial: "").lines()
        }
        #expect(
            windows.lines == [
                "a@0/10=Lx@1", "a@0/10=LxRy@2@2", "b@10/20=Rz@12@12", "a@10/20=L-@13", "a@10/20=L-Lw@14",
            ])
        #expect(windows.dropped == [:])
        let sessions = try runSides(records) { builder in
            cogrouped(builder).windowedBy(.session(gap: .milliseconds(10), grace: .seconds(1)))
                .aggregate(into: .store(), initial: "") { _, left, right in left + right }.lines()
        }
        #expect(sessions.lines.suffix(3) == ["a@13/13=L-@13", "a@13/13=-@13", "a@13/14=L-Lw@14"])
        let plain = try runSides(records) { cogrouped($0).aggregate(into: .store(), initial: "").toStream() }
        #expect(plain.lines == ["a=Lx@1", "a=LxRy@2@2", "b=Rz@12@12", "a=LxRy@2Lw@14"])
        #expect(plain.dropped == [.nullKeyOrValue: 1])
    }

    @Test("and of each session")
    func sessions() throws {
        let outcome = try runSides(records) { builder in
            cogrouped(builder).windowedBy(.session(gap: .milliseconds(10), grace: .seconds(1)))
                .aggregate(into: .store(), initial: "") { _, left, right in left + right }.lines()
        }
        #expect(
            outcome.lines == ["a@1/1=Lx@1", "a@1/1=-@1", "a@1/2=LxRy@2", "b@12/12=Rz@12", "a@14/14=Lw@14"])
    }
}
