package import ArgumentParser
import MillraceCommandLine
import MillraceOperations

/// `indexes`: the indexes of stores, how large and how complete they are.
package struct IndexesVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "indexes", abstract: "Lists the indexes of stores: sizes, recall, and which are being made anew.",
        discussion: """
            The figures are of all instances. An index that is being made anew is searched all the same, entry by entry: \
            STATE says how many entries have been read. An index that is in memory only could not write its files: it finds \
            everything, but is made anew if its instance ends.

            \(ExitStatus.ofServers)
            """)

    @Flag(help: "A line for each partition and instance.") var partitions = false
    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Flag(help: "One line of JSON for each index.") var json = false

    package init() {}

    package func run() async throws {
        try await reportingAsync(json: json) {
            let server = try connection.connection(json: json)
            let answer = String(decoding: try await server.get("/indexes"), as: UTF8.self)
            guard let members = JSONMembers(answer), let list = members["indexes"] else {
                throw OperationError(
                    .failed, "the instance answers /indexes in a way that this command does not understand",
                    code: "answer")
            }
            let indexes = JSONMembers.elements(of: list)
            if json {
                for index in indexes { printLine(index.split(whereSeparator: \.isNewline).joined(separator: " ")) }
            } else if indexes.isEmpty {
                complain("no store of the topology has an index")
            } else {
                let titles = [
                    "INDEX", "STORE", "KIND", "PARTITION", "INSTANCE", "STATE", "ENTRIES", "SEGMENTS", "TAIL", "DEAD",
                    "BYTES", "RECALL", "SEARCHES", "P99 MS",
                ]
                let indexes = indexes.compactMap(JSONMembers.init)
                for line in table(titles, indexes.flatMap(rows)) { printLine(line) }
                Self.complainOfDisks(indexes)
            }
            let silent = members["unreachable"].map(JSONMembers.elements) ?? []
            if !silent.isEmpty {
                complain("without the figures of \(silent.joined(separator: ", ")), which do not answer")
            }
        }
    }

    private func rows(of index: JSONMembers) -> [[String]] {
        let isGlobal = index["isGlobal"] == "true"
        let kind = index.text("kind") ?? "-"
        let head = [index.text("name") ?? "-", index.text("store") ?? "-", isGlobal ? "global \(kind)" : kind]
        guard partitions else {
            return index.object("total").map { [head + ["all", "-"] + Self.figures(of: $0)] } ?? []
        }
        return JSONMembers.elements(of: index["partitions"] ?? "[]").compactMap(JSONMembers.init).map { partition in
            let role = partition.text("location") == "standby" ? " (standby)" : ""
            return head + [partition["id"] ?? "-", (partition.text("instance") ?? "-") + role]
                + Self.figures(of: partition)
        }
    }

    private static func figures(of figures: JSONMembers) -> [String] {
        [state(of: figures)]
            + ["entryCount", "segmentCount", "tailCount", "deadCount", "sizeInBytes"].map { figures[$0] ?? "-" }
            + [
                figures["recall"].flatMap(Double.init).map(percent) ?? "-", figures["searchCount"] ?? "-",
                figures["searchP99Seconds"].flatMap(Double.init).map(milliseconds) ?? "-",
            ]
    }

    private static func state(of figures: JSONMembers) -> String {
        if figures["problem"] != nil { return "closed" }
        let disk = figures.text("fileProblem") == nil ? "" : ", in memory only"
        if figures["isComplete"] == "true" { return "complete" + disk }
        return (figures.integer("rebuiltCount").map { "made anew, \($0) read" } ?? "incomplete") + disk
    }

    /// Says which indexes cannot write their files, and why.
    private static func complainOfDisks(_ indexes: [JSONMembers]) {
        for index in indexes {
            guard let reason = index.object("total")?.text("fileProblem") else { continue }
            complain(
                "the index \(index.text("name") ?? "-") is in memory only, because its files cannot be written: \(reason)"
            )
        }
    }

    private static func milliseconds(_ seconds: Double) -> String {
        let hundredths = Int((min(max(seconds, 0), 1e9) * 100_000).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((min(max(share, 0), 1) * 1_000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }
}
