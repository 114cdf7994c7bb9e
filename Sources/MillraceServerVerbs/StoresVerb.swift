package import ArgumentParser
import MillraceCommandLine
import MillraceOperations

/// `stores`: the stores of the topology and where their partitions are.
package struct StoresVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "stores", abstract: "Lists the stores: kinds, types, and where each partition is.",
        discussion: """
            Places and sizes are those that the asked instance knows. A store that nobody has read there yet shows its partitions \
            as unavailable.

            \(ExitStatus.ofServers)
            """)

    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Flag(help: "One line of JSON for each store.") var json = false

    package init() {}

    package func run() async throws {
        try await reportingAsync(json: json) {
            let report = try await connection.connection(json: json).get("/stores", as: Report.self)
            if json {
                for store in report.stores { printLine(store.json.text) }
                return
            }
            if report.stores.isEmpty { return complain("the topology has no stores") }
            let titles = ["STORE", "KIND", "KEY", "VALUE", "PARTITION", "LOCATION", "OWNER", "ENTRIES", "BYTES"]
            for line in table(titles, report.stores.flatMap(\.rows)) { printLine(line) }
        }
    }

    private struct Report: Decodable { var stores: [Store] }

    private struct Store: Decodable {
        struct Partition: Decodable {
            var id: Int32
            var location: String
            var owner: String?
            var standbys: [String]
            var position: String?
            var approximateEntryCount: Int64?
            var approximateSizeInBytes: Int64?
        }

        var name: String
        var kind: String
        var isGlobal: Bool
        var keyType: String?
        var valueType: String?
        var inputTopics: [String]
        var partitions: [Partition]

        var rows: [[String]] {
            let head = [name, isGlobal ? "global \(kind)" : kind, keyType ?? "-", valueType ?? "-"]
            guard !partitions.isEmpty else { return [head + ["-", "-", "-", "-", "-"]] }
            return partitions.map { partition in
                head + [
                    "\(partition.id)", partition.location, partition.owner ?? "-",
                    partition.approximateEntryCount.map(String.init) ?? "-",
                    partition.approximateSizeInBytes.map(String.init) ?? "-",
                ]
            }
        }

        var json: JSONFragment {
            .members([
                "name": .string(name), "kind": .string(kind), "isGlobal": .bool(isGlobal),
                "keyType": .optional(keyType), "valueType": .optional(valueType),
                "inputTopics": .array(inputTopics.map(JSONFragment.string)),
                "partitions": .array(
                    partitions.map { partition in
                        .members([
                            "id": .number(Int64(partition.id)), "location": .string(partition.location),
                            "owner": .optional(partition.owner),
                            "standbys": .array(partition.standbys.map(JSONFragment.string)),
                            "position": .optional(partition.position),
                            "approximateEntryCount": .optional(partition.approximateEntryCount),
                            "approximateSizeInBytes": .optional(partition.approximateSizeInBytes),
                        ])
                    }),
            ])
        }
    }
}
