import Foundation
import Millrace
import MillraceServer
import MillraceVectors
import Synchronization
import Testing

extension ServerTests {
    @Suite("Searches of indexes over HTTP")
    struct IndexSearchTests {
        private func values(_ vector: [Float]) -> [Double] { vector.map(Double.init) }

        private func base64(_ vector: [Float]) -> String {
            vector.withUnsafeBytes { Data($0).base64EncodedString() }
        }

        @Test("any instance finds what comparing all entries finds, by numbers, by Base64 and by a key, with filters")
        func merged() async throws {
            var data = IndexedCases(count: 200)
            try await withServers(2, topology: IndexedCases.table) { broker, servers in
                try data.write(to: broker)
                try await servers[0].awaitsEntries(200)
                for _ in 0..<5 {
                    let vector = IndexedCase.vector(&data.random)
                    for server in servers {
                        let exact = try await server.search(
                            ["vector": values(vector), "count": 20, "effort": "exact"])
                        #expect(exact.status == 200, "\(exact.text)")
                        #expect(try exact.matchedKeys == data.nearest(to: vector, count: 20))
                        let object = try exact.json
                        #expect(object["isIndexComplete"] as? Bool == true && object["isComplete"] as? Bool == true)
                        #expect(object["position"] as? String == exact.position)
                        #expect(Position(exact.position)?.offsets.count == 4)
                        let first = try #require((object["matches"] as? [[String: Any]])?.first)
                        let key = try #require(first["key"] as? String)
                        let expected = try #require(data.cases[key])
                        #expect(abs((first["score"] as? Double ?? 0) - expected.score(vector)) < 1e-5)
                        let value = try JSONSerialization.data(withJSONObject: try #require(first["value"]))
                        #expect(try JSONDecoder().decode(IndexedCase.self, from: value) == expected)

                        let bytes = try await server.search(["vector": base64(vector), "count": 20, "effort": 200])
                        #expect(try bytes.matchedKeys == exact.matchedKeys)
                        let filtered = try await server.search([
                            "vector": values(vector), "count": 10,
                            "filter": [
                                "city": ["$in": ["Berlin", "Köln"]],
                                "$or": [["amount": ["$gte": 20, "$lt": 60]], ["isOpen": true]],
                            ] as [String: Any],
                        ])
                        #expect(
                            try filtered.matchedKeys
                                == data.nearest(to: vector, count: 10) { _, found in
                                    found.city != "Bonn" && ((20..<60).contains(found.amount) || found.isOpen)
                                }, "\(filtered.text)")
                    }
                }
                for key in ["case-1", "case-2", "case-3", "case-4"] {
                    let example = try #require(data.cases[key])
                    let expected = data.nearest(to: example.embedding, count: 7) { other, _ in other != key }
                    for server in servers {
                        let found = try await server.search(["key": key, "count": 7, "effort": "exact"])
                        #expect(try found.matchedKeys == expected, "\(found.text)")
                        let given = try await server.get("/indexes/similar-cases/examples/\(key)")
                        let search = try #require(try given.json["search"] as? [String: Any])
                        #expect(search["vector"] as? String == base64(example.embedding))
                    }
                }
                let hex = try await servers[0].search(["key": "636173652d31"], query: "?key-format=hex")
                #expect(try hex.status == 200 && hex.matchedKeys.count == 10)
                let few = try await servers[1].search(
                    ["vector": values(IndexedCase.vector(&data.random)), "filter": ["amount": ["$gt": 1e9]]])
                #expect(try few.matchedKeys == [] && few.json["isComplete"] as? Bool == false)
                let raw = try await servers[1].search(["key": "case-1", "count": 1], query: "?raw=true")
                let bytes = try #require(
                    ((try raw.json["matches"] as? [[String: Any]])?.first?["key"] as? [String: String])?["$base64"])
                #expect(String(decoding: try #require(Data(base64Encoded: bytes)), as: UTF8.self).hasPrefix("case-"))
            }
        }

        @Test("a search at least at a position waits for it, and an instance that was asked by another answers alone")
        func positions() async throws {
            let data = IndexedCases(count: 40)
            try await withServers(2, topology: IndexedCases.table) { broker, servers in
                try data.write(to: broker)
                try await servers[0].awaitsEntries(40)
                let found = try await servers[0].search(["key": "case-1", "effort": "exact"])
                let position = try #require(Position(found.position))
                let partition = try #require(position.offsets.keys.min())
                let next = Position(after: partition, offset: position[partition])
                let late = try await servers[1].search(["key": "case-1"], query: "?timeout=0.3&at-least=\(next)")
                #expect(late.status == 504 && late.code == "position_not_reached", "\(late.text)")
                let other = try await servers[1].search(["key": "case-1"], query: "?at-least=elsewhere-0@1")
                #expect(other.status == 400 && other.code == "position_mismatch")
                let vector = data.cases["case-1"]?.embedding.map(Double.init) ?? []
                var partitions = 0
                for server in servers {
                    for partition in 0..<4 {
                        let reply = try await server.search(
                            ["vector": vector, "count": 40], query: "?timeout=0&partitions=\(partition)",
                            headers: [("millrace-forwarded", "1")])
                        if reply.status == 200 { partitions += 1 } else { #expect(reply.code == "store_elsewhere") }
                        let whole = try await server.search(
                            ["vector": vector, "count": 40], query: "?partitions=\(partition)")
                        #expect(whole.status == 200)
                    }
                }
                #expect(partitions == 4)
                let wrong = try await servers[0].search(["vector": vector], query: "?partitions=4")
                #expect(wrong.status == 400 && wrong.code == "partition_unknown")
            }
        }

        @Test("while an instance comes and goes, the other finds every entry each time")
        func rebalance() async throws {
            let data = IndexedCases(count: 60)
            try await withServers(topology: IndexedCases.table) { broker, servers in
                let stays = servers[0]
                try data.write(to: broker)
                try await stays.awaitsEntries(60)
                let vector = data.cases["case-1"]?.embedding ?? []
                let expected = data.nearest(to: vector, count: 60)
                let isOver = Atomic<Bool>(false)
                let count = Atomic<Int>(0)
                let body = ["vector": values(vector), "count": 60, "effort": "exact"] as [String: Any]
                let text = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
                async let searches: Void = {
                    while !isOver.load(ordering: .acquiring) {
                        let reply = try await stays.search(text: text, query: "?timeout=20")
                        #expect(try reply.status == 200 && reply.matchedKeys == expected, "\(reply.text.prefix(300))")
                        count.add(1, ordering: .relaxed)
                    }
                }()
                let comes = try await TestServer(broker, number: 1, topology: IndexedCases.table)
                try await comes.awaitsTasks(2)
                try await eventually("an answer of the newcomer's") {
                    try await comes.search(text: text).status == 200
                }
                try await comes.stop()
                try await stays.awaitsTasks(4)
                try await eventually("some searches") { count.load(ordering: .relaxed) > 2 }
                isOver.store(true, ordering: .releasing)
                try await searches
            }
        }

        @Test("each instance searches a global table alone")
        func globalTable() async throws {
            let data = IndexedCases(count: 30)
            try await withServers(1, topology: IndexedCases.globalTable, tasks: 0) { broker, servers in
                try data.write(to: broker)
                try await servers[0].awaitsEntries(30)
                let vector = data.cases["case-1"]?.embedding ?? []
                for headers in [[], [("millrace-forwarded", "1")]] {
                    let found = try await servers[0].search(
                        ["vector": values(vector), "count": 5, "effort": "exact"], headers: headers)
                    #expect(found.status == 200, "\(found.text)")
                    if headers.isEmpty { #expect(try found.matchedKeys == data.nearest(to: vector, count: 5)) }
                }
                let byKey = try await servers[0].search(["key": "case-1", "count": 3, "effort": "exact"])
                #expect(try byKey.matchedKeys == data.nearest(to: vector, count: 3) { key, _ in key != "case-1" })
            }
        }
    }
}
