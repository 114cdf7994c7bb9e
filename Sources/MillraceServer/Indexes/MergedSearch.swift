import HTTPTypes
import Millrace
import MillraceRouting
import MillraceRuntime
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A search of an index over all its partitions, wherever they are.
struct MergedSearch: Sendable {
    let owners: Owners
    let index: ServedIndex
    var search: IndexSearch
    var count: Int
    /// The only partitions to search; `nil` for all.
    var only: [Int32]?
    var terms: Owners.Terms
    var isRaw: Bool

    private struct Part: Sendable {
        var matches: [RankedMatch] = []
        var isIndexComplete = true
    }

    private typealias Read = SearchRead<Part, Failure>

    /// Searches: performs what `SearchRead` decides.
    ///
    /// - Throws: the last failure, if some partitions cannot be searched until the deadline.
    func run() async throws -> MatchLines {
        var read = Read(only: only, isForwarded: terms.isForwarded, acceptsStale: terms.acceptsStale)
        var action = read.begin()
        while true {
            switch action {
            case .countPartitions:
                let count = Result { try owners.partitionCount(of: index.store) }.mapError { Failure($0) }
                action = read.counted(
                    count, unknown: { .badRequest("the index has no partition \($0)", code: "partition_unknown") },
                    rest: terms.rest)
            case .locate(let partitions):
                let found = partitions.map { partition -> Result<KeyMetadata, Failure> in
                    Result { try owners.application.metadata(ofPartition: partition, in: index.store) }
                        .mapError { Failure($0) }
                }
                action = read.located(found, rest: terms.rest)
            case .search(let groups):
                action = read.answered(await groups.answers { try await answer(of: $0) }, rest: terms.rest)
            case .wait(let pause):
                try await Task.sleep(for: pause)
                action = read.waited()
            case .finish(let result):
                let answer = try result.get()
                return MatchLines(
                    MatchLines.merged(answer.parts.map(\.matches), count: count), position: answer.position,
                    isIndexComplete: answer.parts.allSatisfy(\.isIndexComplete))
            }
        }
    }

    private typealias GroupAnswer = (parts: [Part], position: Position)

    private func answer(of group: Read.Group) async throws -> GroupAnswer {
        switch group.place {
        case .here:
            var answer: GroupAnswer = ([], Position())
            for partition in group.partitions {
                let found = try await searchHere(partition)
                answer.parts.append(found.value)
                answer.position.merge(found.position)
            }
            return answer
        case .instance(let address):
            let found = try await ask(address, for: group.partitions)
            // The matches that the other instance has merged stand for all of its partitions.
            let first = Part(matches: found.matches, isIndexComplete: found.isIndexComplete)
            return ([first] + group.partitions.dropFirst().map { _ in Part() }, found.position)
        }
    }

    private func searchHere(_ partition: Int32) async throws -> Committed<Part> {
        let local = try owners.stores.handle(index.store, partition: partition, readsStale: terms.acceptsStale)
        let (search, count, isRaw) = (search, count, isRaw)
        return try await local.read(reaching: terms.atLeast, within: terms.patienceHere) { store in
            let found = try search.matches(in: store, count: count)
            let matches = try found.matches.compactMap { match -> RankedMatch? in
                guard let entry = try store.get(match.key) else { return nil }
                return RankedMatch(
                    rank: match.rank, key: Batch.hex(match.key),
                    json: JSON.object(
                        isRaw ? entry.rawJSON : store.json(of: entry),
                        adding: [("score", match.score.isFinite ? "\(match.score)" : "null")]))
            }
            return Part(matches: matches, isIndexComplete: found.isIndexComplete)
        }
    }

    private func ask(_ address: InstanceAddress, for partitions: [Int32]) async throws -> MatchLines {
        let query = terms.query(
            ["partitions=\(partitions.map(String.init).joined(separator: ","))"] + (isRaw ? ["raw=true"] : []))
        let members = [("count", "\(count)")]
        let body = search.json == "{}" ? JSON.object(members) : JSON.object(search.json, adding: members)
        let answer = try await owners.peers.ask(
            address, method: .POST,
            target: "/indexes/\(PercentCoding.encode(index.name.utf8))/search?\(query)",
            accept: EntryLines.mediaType, authorization: terms.authorization, body: ByteBuffer(string: body),
            within: terms.patience)
        try answer.requireSuccess()
        return try MatchLines(answer.body)
    }

    // MARK: The example of a key

    /// Returns the search for entries that are like the one of a key, wherever it is, as JSON.
    ///
    /// - Parameters:
    ///   - keyFormat: the format in which the client wrote the key.
    /// - Throws: `Failure` with 404 if there is nothing under the key.
    static func example(
        of key: [UInt8], in index: ServedIndex, _ owners: Owners, _ terms: Owners.Terms
    ) async throws -> Committed<String> {
        try await owners.read(terms) {
            try owners.application.metadata(ofKeyBytes: key, in: index.store)
        } here: { readsStale, time in
            let partition =
                terms.atLeast.isEmpty
                ? nil : try owners.application.metadata(ofKeyBytes: key, in: index.store).partition
            let local = try owners.stores.handle(index.store, partition: partition, readsStale: readsStale)
            let found = try await local.read(reaching: terms.atLeast, within: time) {
                try index.example(of: key, in: $0)
            }
            guard let example = found.value else {
                throw Failure(.notFound, "key_unknown", "there is nothing under the key", position: found.position)
            }
            return Committed(value: example, position: found.position)
        } there: { address in
            let answer = try await owners.peers.ask(
                address,
                target: "/indexes/\(PercentCoding.encode(index.name.utf8))/examples/\(Batch.hex(key))?"
                    + terms.query(["key-format=hex"]),
                accept: "application/json", authorization: terms.authorization,
                within: terms.patience)
            try answer.requireSuccess()
            return try example(answer.body)
        }
    }

    private static let exampleStart = #"{"search": "#
    private static let exampleMiddle = #", "position": ""#

    /// The answer about an example as JSON.
    static func json(of example: Committed<String>) -> String {
        JSON.object([("search", example.value), ("position", JSON.quoted(example.position.description))])
    }

    /// Takes the example out of another instance's answer.
    private static func example(_ body: ByteBuffer) throws(Failure) -> Committed<String> {
        let text = String(buffer: body)
        guard text.hasPrefix(exampleStart), let middle = text.ranges(of: exampleMiddle).last,
            let position = Position(String(text[middle.upperBound...].dropLast(2)))
        else {
            throw Failure(.serviceUnavailable, "owner_unavailable", "another instance's answer is not an example")
        }
        return Committed(
            value: String(text[..<middle.lowerBound].dropFirst(exampleStart.count)), position: position)
    }
}
