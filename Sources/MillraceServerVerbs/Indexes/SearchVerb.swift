package import ArgumentParser
import Foundation
import MillraceCommandLine
import MillraceOperations

/// `search INDEX`: the entries that are most like the one of a key, or nearest to a vector.
package struct SearchVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Searches an index: entries like the one of a key, or near a vector.",
        discussion: """
            The matches of all partitions are merged, the best first. A filter is JSON, in the operators $eq, $ne, $in, $nin, $gt, \
            $gte, $lt, $lte, $and and $or: '{"city": "Berlin", "amount": {"$gte": 10}}'.

            \(ExitStatus.ofServers)
            """)

    @Argument(help: "The index.") var index: String
    @Option(help: "The key whose entry is the example; its own entry is left out.") var key: String?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The vector: numbers separated by commas, little-endian 32-bit floats in Base64, or a file that has either.",
            valueName: "VECTOR|@FILE"))
    var vector: String?
    @Option(help: "The number of entries; 10 by default.") var count: Int?
    @Option(help: ArgumentHelp("How many candidates are kept, or exact to compare all.", valueName: "CANDIDATES|exact"))
    var effort: String?
    @Option(help: ArgumentHelp("The condition on attributes of the entries.", valueName: "JSON")) var filter: String?
    @OptionGroup var read: ReadOptions
    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Flag(help: "One line of JSON for each match; the last line says how far they go.") var json = false

    package init() {}

    package func validate() throws {
        if (key == nil) == (vector == nil) { throw ValidationError("give --key or --vector, one of them") }
        if let count, count < 1 { throw ValidationError("--count must be at least 1") }
        if let effort, effort != "exact", Int(effort).map({ $0 >= 1 }) != true {
            throw ValidationError("--effort takes a number of candidates, or exact")
        }
        if read.keyFormat != nil, key == nil { throw ValidationError("--key-format needs --key") }
        if let filter, (try? JSONSerialization.jsonObject(with: Data(filter.utf8))) as? [String: Any] == nil {
            throw ValidationError("--filter takes an object of JSON")
        }
    }

    package func run() async throws {
        try await reportingAsync(json: json) {
            let server = try connection.connection(json: json)
            let path = "/indexes/\(ServerConnection.encoded(index))/search"
            let answer = try await server.post(
                path, read.query, body: try body().text, within: read.patience)
            try show(String(decoding: answer, as: UTF8.self), of: path)
        }
    }

    private func body() throws -> JSONFragment {
        var body = JSONFragment.members([:])
        if let key { body = body.adding(["key": .string(key)]) }
        if let vector { body = body.adding(["vector": try Self.json(ofVector: vector)]) }
        if let count { body = body.adding(["count": .number(Int64(count))]) }
        if let effort { body = body.adding(["effort": Int64(effort).map(JSONFragment.number) ?? .string(effort)]) }
        if let filter { body = body.adding(["filter": .raw(filter)]) }
        return body
    }

    /// Returns the JSON of a vector that was typed.
    static func json(ofVector text: String) throws -> JSONFragment {
        var text = text
        if text.hasPrefix("@") {
            let file = String(text.dropFirst())
            guard let content = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw OperationError(.missing, "the file \(file) cannot be read")
            }
            text = content
        }
        let trimmed = text.trimmingCharacters(in: CharacterSet(charactersIn: "[] \t\r\n"))
        let parts = trimmed.split { ",; \t\r\n".contains($0) }
        let numbers = parts.compactMap { Double($0) }
        if !parts.isEmpty, numbers.count == parts.count, numbers.allSatisfy(\.isFinite) {
            return .array(numbers.map(JSONFragment.double))
        }
        guard Data(base64Encoded: trimmed) != nil, !trimmed.isEmpty else {
            throw OperationError(
                .usage, "the vector is neither numbers separated by commas nor Base64 of 32-bit floats")
        }
        return .string(trimmed)
    }

    private func show(_ text: String, of path: String) throws {
        guard let answer = JSONMembers(text), let list = answer["matches"] else {
            throw OperationError(
                .failed, "the instance answers \(path) in a way that this command does not understand", code: "answer")
        }
        let matches = JSONMembers.elements(of: list)
        let isExact = answer["isIndexComplete"] == "false"
        if json {
            for match in matches { printLine(match.split(whereSeparator: \.isNewline).joined(separator: " ")) }
            printLine(
                JSONFragment.members([
                    "end": .members([
                        "position": .raw(answer["position"] ?? "null"),
                        "isIndexComplete": .raw(answer["isIndexComplete"] ?? "null"),
                    ])
                ]).text)
            return
        }
        if matches.isEmpty {
            complain("there is no such entry")
        } else {
            let rows = matches.compactMap(JSONMembers.init).map { match in
                [match["score"] ?? "-", match["key"].map { oneLine($0, 160) } ?? "-"]
                    + [match["value"].map { oneLine($0, 160) } ?? "-"]
            }
            for line in table(["SCORE", "KEY", "VALUE"], rows) { printLine(line) }
        }
        if isExact { complain("the index is being made anew: the entries were compared one by one") }
    }
}
