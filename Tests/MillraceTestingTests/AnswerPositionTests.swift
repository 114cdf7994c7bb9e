import Millrace
import MillraceTesting
import Testing

@Suite("Positions of answers")
struct AnswerPositionTests {
    private func driver() throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        _ = builder.table("in", key: .string, value: .string, into: .store("table"))
        return try TopologyTestDriver(builder.build(), partitions: PartitionCounts(["in": 2]))
    }

    @Test("an answer has the position of its key's partition, not of those that are looked through for the key in vain")
    func ofTheKey() throws {
        let driver = try driver()
        let table = try driver.store(.keyValue("table", key: .string, value: .string))
        let input = driver.inputTopic("in", key: .string, value: .string)
        for number in 0..<20 { try input.pipe(key: "k\(number)", value: "v") }
        let all = try table.readCommit { try $0.entries().count }
        #expect(all.value == 20 && all.position.offsets.count == 2)
        var found = Position()
        for key in ["k0", "k1", "k2", "k3", "nowhere", "not here"] {
            let answer = try table.readCommit { try $0.get(key) }
            #expect(answer.position.offsets.count == 1 && all.position.reaches(answer.position))
            found.merge(answer.position)
        }
        #expect(found == all.position)
        // Other partitions count if they have the key, as where a topic is partitioned in another way.
        let both = try table.readCommit { try [$0.get("k0"), $0.get("k1"), $0.get("k2"), $0.get("k3")] }
        #expect(both.position == all.position)
        for partition in [0, 1] as [Int32] { try input.pipe(key: "everywhere", value: "v", partition: partition) }
        #expect(try table.readCommit { try $0.get("everywhere") }.position.offsets.count == 1)
    }

    @Test("a key that is found in another partition than its own brings that partition's position")
    func ofAnotherPartition() throws {
        let driver = try driver()
        let table = try driver.store(.keyValue("table", key: .string, value: .string))
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(key: "k", value: "v")
        let own = try #require(try table.readCommit { try $0.get("k") }.position.offsets.keys.first)
        try input.pipe(key: "strange", value: "v", partition: 0)
        try input.pipe(key: "stranger", value: "v", partition: 1)
        for (key, partition) in [("strange", 0), ("stranger", 1)] as [(String, Int32)] {
            let answer = try table.readCommit { try $0.get(key) }
            #expect(answer.value == "v")
            #expect(answer.position[TopicPartition(topic: own.topic, partition: partition)] > 0)
        }
    }
}
