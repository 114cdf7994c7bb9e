import EmbeddedBroker
import Foundation
import Millrace
import MillraceRuntime
import MillraceServer
import MillraceVectors
import Testing

extension ServerTests {
    @Suite("What operators see of indexes")
    struct IndexOperationTests {
        @Test("any instance lists the index with its declaration, the partitions of both, and their sum")
        func catalogue() async throws {
            let data = IndexedCases(count: 100)
            try await withServers(2, topology: IndexedCases.table) { broker, servers in
                try data.write(to: broker)
                for server in servers {
                    let index = try await server.awaitsEntries(100)
                    #expect(index["store"] as? String == "cases" && index["isGlobal"] as? Bool == false)
                    #expect(index["dimensions"] as? Int == 8 && index["metric"] as? String == "cosine")
                    #expect(index["element"] as? String == "float32" && index["isSearchable"] as? Bool == true)
                    let attributes = try #require(index["attributes"] as? [[String: String]])
                    #expect(attributes.map { $0["name"] } == ["city", "amount", "isOpen"])
                    #expect(attributes.map { $0["kind"] } == ["text", "number", "flag"])
                    let partitions = try #require(index["partitions"] as? [[String: Any]])
                    #expect(partitions.compactMap { $0["id"] as? Int } == [0, 1, 2, 3])
                    #expect(
                        Set(partitions.compactMap { $0["instance"] as? String })
                            == Set(servers.map(\.address.description)))
                    #expect(partitions.allSatisfy { $0["isComplete"] as? Bool == true })
                    #expect((index["missingPartitions"] as? [Int]) == [])
                    let total = try #require(index["total"] as? [String: Any])
                    // Nothing is in a segment so far: a tail has room for some thousands.
                    #expect(total["tailCount"] as? Int == 100 && total["segmentCount"] as? Int == 0)
                    #expect(total["isComplete"] as? Bool == true && total["problem"] == nil)
                }
                let before = try await searchCount(servers[0])
                for _ in 0..<3 { _ = try await servers[1].search(["key": "case-1"]) }
                // Each of four partitions is searched once.
                #expect(try await searchCount(servers[0]) == before + 12)
                let text = try await servers[0].get("/metrics").text
                let entries = text.split(separator: "\n").filter { $0.hasPrefix("millrace_index_entries{") }
                #expect(entries.count == 2 && entries.allSatisfy { $0.contains(#"index="similar-cases""#) })
                #expect(text.contains("# TYPE millrace_index_search_latency_seconds histogram"))
                let buckets = text.split(separator: "\n").filter {
                    $0.hasPrefix("millrace_index_search_latency_seconds_bucket{") && $0.contains(#"le="+Inf""#)
                }
                #expect(buckets.count == 2 && buckets.allSatisfy { Int($0.split(separator: " ").last ?? "") ?? 0 >= 3 })
                let searched = try #require(
                    try await (servers[0].get("/indexes").json["indexes"] as? [[String: Any]])?.first?["total"]
                        as? [String: Any])
                #expect((searched["searchP99Seconds"] as? Double ?? 0) > 0 && searched["fileProblem"] == nil)
                #expect(text.split(separator: "\n").contains { $0.hasPrefix("millrace_index_recall_ratio{") })
                #expect(
                    text.split(separator: "\n").filter { $0.hasPrefix("millrace_index_complete{") }
                        .allSatisfy { Double($0.split(separator: " ").last ?? "") == 1 })
                // An instance that is gone leaves its partitions without figures until they have moved.
                try await servers[1].stopServer()
                let rest = try await servers[0].get("/indexes").json
                #expect(rest["unreachable"] as? [String] == [servers[1].address.description])
                let index = try #require((rest["indexes"] as? [[String: Any]])?.first)
                #expect((index["missingPartitions"] as? [Int])?.count == 2)
                #expect((index["total"] as? [String: Any])?["isComplete"] as? Bool == false)
            }
        }

        private func searchCount(_ server: TestServer) async throws -> Int {
            let index = try #require(try await (server.get("/indexes").json["indexes"] as? [[String: Any]])?.first)
            return try #require((index["total"] as? [String: Any])?["searchCount"] as? Int)
        }

        @Test(
            "while an index is made anew, the list and each answer say so, and answers are exact; then it is complete")
        func rebuild() async throws {
            let data = IndexedCases(count: 3_000)
            let broker = try await TestBroker()
            let without = try await TestServer(broker, number: 0, topology: IndexedCases.tableWithoutIndex)
            try await without.awaitsTasks(4)
            try data.write(to: broker)
            try await eventually("all entries are in the store") {
                try await without.get("/stores/cases/entries?limit=1").status == 200
                    && without.application.metrics.processedRecords == 3_000
            }
            try await without.stop()
            // The index is new, its store is not.
            let server = try await TestServer(broker, number: 0, topology: IndexedCases.table)
            try await server.awaitsTasks(4)
            let vector = try #require(data.cases["case-1"]).embedding.map(Double.init)
            var seen: [Int] = []
            try await eventually("an answer while the index is made anew") {
                let index = try #require(try await (server.get("/indexes").json["indexes"] as? [[String: Any]])?.first)
                let total = try #require(index["total"] as? [String: Any])
                guard total["isComplete"] as? Bool == false, let count = total["rebuiltCount"] as? Int else {
                    return !seen.isEmpty
                }
                seen.append(count)
                let reply = try await server.search(["vector": vector, "count": 5])
                guard reply.status == 200, try reply.json["isIndexComplete"] as? Bool == false else { return false }
                #expect(try reply.matchedKeys == data.nearest(to: vector.map(Float.init), count: 5))
                return true
            }
            #expect(!seen.isEmpty && seen.allSatisfy { (0...3_000).contains($0) })
            // The instance gets no more records.
            try await eventually("a complete index") {
                let index = try #require(try await (server.get("/indexes").json["indexes"] as? [[String: Any]])?.first)
                return (index["total"] as? [String: Any])?["isComplete"] as? Bool == true
            }
            let index = try await server.awaitsEntries(3_000)
            #expect((index["total"] as? [String: Any])?["rebuiltCount"] == nil)
            let reply = try await server.search(["vector": vector, "count": 5])
            #expect(try reply.json["isIndexComplete"] as? Bool == true)
            let text = try await server.get("/metrics").text
            let complete = text.split(separator: "\n").filter { $0.hasPrefix("millrace_index_complete{") }
            #expect(complete.count == 4 && complete.allSatisfy { Double($0.split(separator: " ").last ?? "") == 1 })
            try await server.stop()
            try await broker.broker.stop()
        }

        @Test("the verbs list indexes and search them, for people and for programs")
        func verbs() async throws {
            let data = IndexedCases(count: 50)
            try await withServers(2, topology: IndexedCases.table) { broker, servers in
                try data.write(to: broker)
                try await servers[0].awaitsEntries(50)
                let place = ["--server", servers[1].address.description]
                let list = try await VerbProcess.run(["indexes"] + place)
                #expect(list.status == 0 && list.output.count == 2, "\(list)")
                #expect(list.output.last?.contains("complete") == true && list.output.last?.contains("50") == true)
                let each = try await VerbProcess.run(["indexes", "--partitions"] + place)
                #expect(each.output.count == 5, "\(each)")
                let object = try await VerbProcess.run(["indexes", "--json"] + place).objects
                #expect(object.map { $0["name"] as? String } == ["similar-cases"])

                let expected = data.nearest(to: try #require(data.cases["case-1"]).embedding, count: 3) { key, value in
                    key != "case-1" && value.city == "Berlin"
                }
                let search = ["search", "similar-cases", "--count", "3", "--effort", "exact"]
                let found = try await VerbProcess.run(
                    search + ["--key", "case-1", "--filter", #"{"city": "Berlin"}"#, "--json"] + place)
                #expect(found.status == 0, "\(found)")
                #expect(try found.objects.dropLast().compactMap { $0["key"] as? String } == expected)
                let end = try #require(try found.objects.last?["end"] as? [String: Any])
                #expect(end["isIndexComplete"] as? Bool == true && Position(end["position"] as? String ?? "") != nil)
                let vector = try #require(data.cases["case-2"]).embedding.map { "\($0)" }.joined(separator: ",")
                let table = try await VerbProcess.run(search + ["--vector", vector] + place)
                #expect(table.status == 0 && table.output.count == 4, "\(table)")
                #expect(table.output.dropFirst().first?.contains("case-2") == true, "\(table)")

                let refusals: [([String], Int32)] = [
                    (["--key", "nobody"], 66), (["--vector", "1,2"], 64), (["--vector", "x y z"], 64),
                    (["--vector", "@/nowhere"], 66), ([], 64), (["--key", "a", "--vector", "1"], 64),
                    (["--key", "case-1", "--filter", "[]"], 64),
                    (["--key", "case-1", "--filter", #"{"town": 1}"#], 64),
                ]
                for (arguments, status) in refusals {
                    let refused = try await VerbProcess.run(search + arguments + place)
                    #expect(refused.status == status && refused.output.isEmpty, "\(arguments): \(refused)")
                }
                let unknown = try await VerbProcess.run(["search", "nothing", "--key", "a"] + place)
                #expect(unknown.status == 66 && unknown.errors.first?.contains("similar-cases") == true)
            }
        }
    }
}
