import Millrace
import Testing

@Suite("Topology.describe()")
struct DescriptionTests {
    @Test("shows the user's names, for which numbers are used up all the same")
    func names() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string, named: "read")
            .filter(named: "choose") { _, _ in true }
            .to("out")
        #expect(
            try builder.build().describe() == """
                Topologies:
                   Sub-topology: 0
                    Source: read (topics: [in])
                      --> choose
                    Processor: choose (stores: [])
                      --> KSTREAM-SINK-0000000002
                      <-- read
                    Sink: KSTREAM-SINK-0000000002 (topic: out)
                      <-- choose


                """)
    }

    @Test(
        "a windowed count into a store without a name uses up a number more, other than over sliding windows",
        arguments: [false, true])
    func unnamedWindowedCount(isSliding: Bool) throws {
        let builder = StreamsBuilder()
        let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
        if isSliding {
            grouped.windowedBy(.sliding(.seconds(1))).count(into: .store())
        } else {
            grouped.windowedBy(.tumbling(.seconds(1))).count(into: .store())
        }
        let number = isSliding ? 1 : 2
        #expect(
            try builder.build().describe().contains(
                "KSTREAM-AGGREGATE-000000000\(number + 1) "
                    + "(stores: [KSTREAM-AGGREGATE-STATE-STORE-000000000\(number)])"))
    }

    @Test("a named grouping's repartition topic is shared by its aggregations")
    func sharedRepartition() throws {
        let builder = StreamsBuilder()
        let grouped = builder.stream("in", key: .string, value: .string).groupBy(named: "by") { _, value in value }
        grouped.count(into: .store("a"))
        grouped.reduce(into: .store("b")) { $1 }
        let description = try builder.build().describe()
        #expect(description.split(separator: "\n").count { $0.contains("(topic: by-repartition)") } == 1)
    }

    @Test("a table is kept only where it has a name or something needs its old values")
    func materialization() throws {
        func stores(_ define: (KTable<String, String>) -> Void) throws -> Int {
            let builder = StreamsBuilder()
            define(builder.table("in", key: .string, value: .string))
            return try builder.build().describe().split(separator: "\n").count {
                $0.contains("KTABLE-SOURCE") && $0.contains("(stores: [in-STATE-STORE-0000000000])")
            }
        }
        #expect(try stores { $0.toStream().to("out") } == 0)
        #expect(try stores { $0.groupBy { ($0, $1) }.count() } == 1)
    }
}
