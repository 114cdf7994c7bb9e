import HTTPTypes
import Millrace
import MillraceRuntime
import NIOCore
import NIOHTTP1

/// A read of several keys at once: each owner is asked once for all of its keys, and again for those that it could not read.
struct Batch: Sendable {
    let owners: Owners
    var store: String
    var keys: [[UInt8]]
    var terms: Owners.Terms
    var isRaw: Bool

    /// The entries of the keys in their order, `null` where there is none.
    private struct Found: Sendable {
        var entries: [String]
        var position: Position
    }

    private enum Place: Hashable {
        case here
        case instance(InstanceAddress)
        /// Nobody knows at the moment.
        case nowhere
    }

    private static let longestPause = Duration.milliseconds(100)

    /// Reads all keys.
    ///
    /// - Throws: the last failure, if some of them cannot be read until the deadline.
    func run() async throws -> EntryLines {
        var lines = EntryLines(entries: Array(repeating: "null", count: keys.count), position: Position())
        var open = Array(keys.indices)
        var pause = Duration.milliseconds(10)
        while true {
            var failure: Failure?
            var left: [Int] = []
            for (indices, result) in try await ask(for: open) {
                switch result {
                case .success(let found):
                    for (index, entry) in zip(indices, found.entries) { lines.entries[index] = entry }
                    lines.position.merge(found.position)
                case .failure(let error):
                    guard error.isTemporary else { throw error }
                    failure = error
                    left += indices
                }
            }
            guard let failure else { return lines }
            guard terms.rest > pause, !terms.isForwarded else { throw failure }
            open = left
            try await Task.sleep(for: pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private func ask(for open: [Int]) async throws -> [([Int], Result<Found, Failure>)] {
        let places = try Dictionary(grouping: open) { try place(of: keys[$0]) }
        return await withTaskGroup(of: ([Int], Result<Found, Failure>).self) { group in
            for (place, indices) in places {
                group.addTask {
                    do {
                        return (indices, .success(try await read(indices.map { keys[$0] }, at: place)))
                    } catch {
                        return (indices, .failure(Failure(error)))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func place(of key: [UInt8]) throws -> Place {
        if terms.isForwarded { return .here }
        do {
            let owner = try owners.application.metadata(ofKeyBytes: key, in: store)
            if owner.isHere { return .here }
            return (owner.address ?? (terms.acceptsStale ? owner.standbyAddresses.first : nil))
                .map { .instance($0) } ?? .nowhere
        } catch let error as StreamsError where error.code == .storeUnavailable {
            return .nowhere
        }
    }

    private func read(_ keys: [[UInt8]], at place: Place) async throws -> Found {
        switch place {
        case .here: return try await readHere(keys)
        case .instance(let address): return try await ask(address, for: keys)
        case .nowhere:
            throw Failure(.serviceUnavailable, "owner_unknown", "partitions of some keys are being moved")
        }
    }

    private func readHere(_ keys: [[UInt8]]) async throws -> Found {
        let local = try owners.stores.handle(store, partition: nil, readsStale: terms.acceptsStale)
        // A partition may move on while others are waited for.
        let limit = terms.atLeast.isEmpty ? min(terms.rest, .milliseconds(250)) : terms.rest
        let found = try await local.read(reaching: terms.atLeast, within: limit) { [isRaw] store in
            try store.get(keys).map { $0.map { isRaw ? $0.rawJSON : store.json(of: $0) } ?? "null" }
        }
        return Found(entries: found.value, position: found.position)
    }

    private func ask(_ address: InstanceAddress, for keys: [[UInt8]]) async throws -> Found {
        var query = ["key-format=hex", "timeout=\(Double(terms.rest.nanoseconds) / 1e9)"]
        if isRaw { query.append("raw=true") }
        if terms.acceptsStale { query.append("stale=true") }
        if !terms.atLeast.isEmpty {
            query.append("at-least=\(PercentCoding.encode(terms.atLeast.description.utf8))")
        }
        let body = #"{"keys": ["\#(keys.map(Self.hex).joined(separator: #"",""#))"]}"#
        let answer = try await owners.peers.ask(
            address, method: .POST,
            target: "/stores/\(PercentCoding.encode(store.utf8))/entries:batch?\(query.joined(separator: "&"))",
            accept: EntryLines.mediaType, authorization: terms.authorization, body: ByteBuffer(string: body),
            within: terms.rest + .milliseconds(500))
        try answer.requireSuccess()
        let lines = try EntryLines(answer.body)
        guard lines.entries.count == keys.count else {
            throw Failure(.serviceUnavailable, "owner_unavailable", "another instance answered for other keys")
        }
        return Found(entries: lines.entries, position: lines.position)
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
