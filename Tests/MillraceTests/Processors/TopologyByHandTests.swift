import Millrace
import MillraceTesting
import Testing

@Suite("Topology by hand")
struct TopologyByHandTests {
    @Test("sources, processors and sinks added by hand are described as Kafka describes them, and run")
    func byHand() throws {
        let builder = StreamsBuilder()
        let clicks = builder.addSource("clicks", topics: ["clicks"], key: .string, value: .string)
        let views = builder.addSource("views", topics: ["views"], key: .string, value: .string)
        let shouted = builder.addProcessor("shout", after: clicks, views) {
            (context: ProcessorContext<String, String>) in
            { record in try context.forward(record.with(value: record.value?.uppercased())) }
        }
        builder.addSink("out", topic: "out", after: shouted)
        builder.addSink("raw", topic: "raw", after: clicks, shouted)
        let topology = try builder.build()
        #expect(
            topology.describe() == """
                Topologies:
                   Sub-topology: 0
                    Source: clicks (topics: [clicks])
                      --> shout, raw
                    Source: views (topics: [views])
                      --> shout
                    Processor: shout (stores: [])
                      --> out, raw
                      <-- clicks, views
                    Sink: out (topic: out)
                      <-- shout
                    Sink: raw (topic: raw)
                      <-- clicks, shout


                """)
        let driver = try TopologyTestDriver(topology)
        try driver.inputTopic("clicks", key: .string, value: .string).pipe(key: "a", value: "x")
        try driver.inputTopic("views", key: .string, value: .string).pipe(key: "b", value: "y")
        #expect(try driver.outputTopic("out", key: .string, value: .string).readRecords().map(\.value) == ["X", "Y"])
        #expect(
            try driver.outputTopic("raw", key: .string, value: .string).readRecords().map(\.value) == ["X", "x", "Y"])
    }

    @Test(
        "a source by hand may have a pattern, and a sink by hand may choose the topic and the partition of each record")
    func patternAndChoice() throws {
        let builder = StreamsBuilder()
        let events = builder.addSource("events", matching: "events-.*", key: .string, value: .string)
        builder.addSink("by-key", after: events, description: "key") { record in "out-\(record.key ?? "none")" }
        let last: StreamPartitioner<String, String> = { _, count in .one(count - 1) }
        builder.addSink("last", after: events, partition: last) { _ in "all" }
        let topology = try builder.build()
        #expect(topology.describe().contains("Source: events (topics: events-.*)"))
        #expect(topology.describe().contains("Sink: by-key (extractor class: key)"))
        let driver = try TopologyTestDriver(topology, partitions: ["events-1": 1, "events-2": 1, "all": 3])
        try driver.inputTopic("events-1", key: .string, value: .string).pipe(key: "a", value: "x")
        try driver.inputTopic("events-2", key: .string, value: .string).pipe(key: "b", value: "y")
        #expect(try driver.outputTopic("out-a", key: .string, value: .string).readValues() == ["x"])
        #expect(try driver.outputTopic("out-b", key: .string, value: .string).readValues() == ["y"])
        let all = driver.outputTopic("all", key: .string, value: .string)
        while let (partition, _) = try all.readPartitionedRecord() { #expect(partition == 2) }
    }

    @Test("a topic that two sources read, or two operators of one name, are told when the topology is built")
    func problems() throws {
        let builder = StreamsBuilder()
        _ = builder.addSource("one", topics: ["in"], key: .string, value: .string)
        _ = builder.addSource("two", topics: ["in"], key: .string, value: .string)
        _ = builder.addSource("two", topics: ["other"], key: .string, value: .string)
        builder.connect(processor: "nobody", to: ["nothing"])
        let error = #expect(throws: StreamsError.self) { _ = try builder.build() }
        #expect(error?.message.contains("topic in is read by one already") == true)
        #expect(error?.message.contains("two: an operator of this name exists already") == true)
        #expect(error?.message.contains("there is no processor named nobody") == true)
    }
}
