import EmbeddedBroker
import Millrace
import MillraceOperations
import Testing

@Suite("The latest dead letters") struct LatestLettersTests {
    @Test("pages go from the newest letter to the oldest over all partitions and topics, and have each letter once")
    func pages() async throws {
        let cluster = try await Cluster(["dead": 2, "worse": 1])
        for number in 0..<30 {
            let (topic, partition): (String, Int32) = number % 3 == 2 ? ("worse", 0) : ("dead", Int32(number % 3))
            try cluster.write(
                "k\(number)", "v\(number)", to: topic, partition: partition, timestampMs: Int64(number) * 1_000 + 1)
        }
        let letters = LatestLetters(["dead", "worse", "absent"], cluster.connection)
        for limit in [1, 7, 30, 200] {
            var keys: [String] = []
            var before: Position?
            repeat {
                let page = try letters.page(limit: limit, before: before)
                #expect(page.letters.count == min(limit, 30 - keys.count), "\(limit)")
                keys += page.letters.map { String(decoding: $0.key ?? [], as: UTF8.self) }
                before = page.before
            } while before != nil && keys.count < 100
            #expect(keys == (0..<30).reversed().map { "k\($0)" }, "\(limit)")
        }
        try await cluster.broker.stop()
    }

    @Test("a letter has what its headers say, and only the beginnings of a large key and value, cut between characters")
    func contents() async throws {
        let cluster = try await Cluster(["dead": 1, "plain": 1])
        let value = "x" + String(repeating: "ä", count: 5_000)
        try cluster.writeLetter("a", value, from: "orders", partition: 1, offset: 7, node: "parse")
        try cluster.write(nil, nil, to: "plain")
        let letter = try #require(try LatestLetters(["dead"], cluster.connection).page(limit: 5).letters.first)
        #expect(letter.exception == "App.BadAmount" && letter.operatorName == "parse")
        #expect(letter.sourceTopic == "orders" && letter.sourcePartition == 1 && letter.sourceOffset == 7)
        #expect(letter.valueSizeInBytes == 10_001)
        let shown = try #require(String(validating: letter.value ?? [], as: UTF8.self))
        #expect(value.hasPrefix(shown) && (4_090...4_096).contains(shown.utf8.count))
        let plain = try #require(try LatestLetters(["plain"], cluster.connection).page(limit: 5).letters.first)
        #expect(plain.key == nil && plain.value == nil && plain.exception == nil && plain.sourceTopic == nil)
        #expect(try LatestLetters(["absent"], cluster.connection).page(limit: 5).letters.isEmpty)
        try await cluster.broker.stop()
    }
}
