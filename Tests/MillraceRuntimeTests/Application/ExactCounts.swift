import Millrace
import Testing

/// A topology that counts the records of each key, by which tests show that no record is lost and none takes effect twice.
extension TestCluster {
    static func count(from input: String, to output: String) -> (StreamsBuilder) -> Void {
        { builder in
            builder.stream(input, key: .string, value: .string).groupByKey()
                .count(into: .store("counts").withoutCache()).toStream().to(output)
        }
    }

    /// Creates an input and an output.
    func createCountTopics(partitions: Int32 = 1) throws -> (input: String, output: String) {
        (try createTopic("in", partitions: partitions), try createTopic("out", partitions: partitions))
    }

    /// Writes records of keys in turn.
    func write(_ count: Int, keys: Int = 10, to topic: String) throws {
        try write((0..<count).map { TestRecord(key: "k\($0 % keys)", value: "v") }, to: topic)
    }

    /// Checks that each key was counted from one to the same end, without a gap or a repetition.
    func expectExact(
        _ output: String, keys: Int = 10, each: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let byKey = Dictionary(grouping: try read(output)) { $0.key ?? "" }
        #expect(byKey.count == keys, sourceLocation: sourceLocation)
        for (key, records) in byKey {
            #expect(records.map(\.text) == (1...each).map(String.init), "\(key)", sourceLocation: sourceLocation)
        }
    }
}
