import HTTPTypes
import Millrace
import MillraceRouting
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

    private typealias Read = BatchRead<String, Failure>

    /// Reads all keys: performs what `BatchRead` decides.
    ///
    /// - Throws: the last failure, if some of them cannot be read until the deadline.
    func run() async throws -> EntryLines {
        var read = Read(count: keys.count, isForwarded: terms.isForwarded, acceptsStale: terms.acceptsStale)
        var action = read.begin()
        while true {
            switch action {
            case .locate(let open):
                let found = open.map { key -> Result<KeyMetadata, Failure> in
                    Result { try owners.application.metadata(ofKeyBytes: keys[key], in: store) }
                        .mapError { Failure($0) }
                }
                action = read.located(found, rest: terms.rest)
            case .read(let groups):
                action = read.answered(await groups.answers { try await answer(of: $0) }, rest: terms.rest)
            case .wait(let pause):
                try await Task.sleep(for: pause)
                action = read.waited()
            case .finish(let result):
                let answer = try result.get()
                return EntryLines(entries: answer.entries.map { $0 ?? "null" }, position: answer.position)
            }
        }
    }

    private func answer(of group: Read.Group) async throws -> Read.Answer {
        let keys = group.keys.map { self.keys[$0] }
        switch group.place {
        case .here: return try await readHere(keys)
        case .instance(let address): return try await ask(address, for: keys)
        }
    }

    private func readHere(_ keys: [[UInt8]]) async throws -> Read.Answer {
        let local = try owners.stores.handle(store, partition: nil, readsStale: terms.acceptsStale)
        let found = try await local.read(reaching: terms.atLeast, within: terms.patienceHere) { [isRaw] store in
            try store.get(keys).map { $0.map { isRaw ? $0.rawJSON : store.json(of: $0) } }
        }
        return Read.Answer(entries: found.value, position: found.position)
    }

    private func ask(_ address: InstanceAddress, for keys: [[UInt8]]) async throws -> Read.Answer {
        let query = terms.query(["key-format=hex"] + (isRaw ? ["raw=true"] : []))
        let body = #"{"keys": ["\#(keys.map(Self.hex).joined(separator: #"",""#))"]}"#
        let answer = try await owners.peers.ask(
            address, method: .POST,
            target: "/stores/\(PercentCoding.encode(store.utf8))/entries:batch?\(query)",
            accept: EntryLines.mediaType, authorization: terms.authorization, body: ByteBuffer(string: body),
            within: terms.patience)
        try answer.requireSuccess()
        let lines = try EntryLines(answer.body)
        guard lines.entries.count == keys.count else {
            throw Failure(.serviceUnavailable, "owner_unavailable", "another instance answered for other keys")
        }
        return Read.Answer(entries: lines.entries, position: lines.position)
    }

    /// Bytes in hexadecimal.
    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
