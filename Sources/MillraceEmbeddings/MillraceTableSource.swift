import AsyncHTTPClient
import FoundationEssentials
public import MillraceVectors
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// A table of another application as the source of a cache, over that application's server.
///
/// ```swift
/// let source = MillraceTableSource("http://cases-1:8080", store: "cases", of: Case.self) { $0.embedding }
/// ```
///
/// The table's values are read as JSON. The version of an embedding is its entry's timestamp in milliseconds.
/// The key of an entry is the key alone, or `namespace/key` if there is a namespace.
public struct MillraceTableSource<Value: Decodable & Sendable>: EmbeddingSource {
    public let maxBatchCount: Int
    private let url: String
    private let token: String?
    private let vector: @Sendable (Value) -> [Float]?

    /// Makes a source.
    ///
    /// - Parameters:
    ///   - address: The address of any instance, such as `http://localhost:8080`.
    ///   - store: The name of the table's store.
    ///   - type: The type of its values.
    ///   - token: A token with the right to read; none by default.
    ///   - maxBatchCount: The most keys of one request; 100 by default.
    ///   - vector: Returns the vector of a value; `nil` if it has none, so that the key counts as absent.
    public init(
        _ address: String, store: String, of type: Value.Type, token: String? = nil, maxBatchCount: Int = 100,
        vector: @escaping @Sendable (Value) -> [Float]?
    ) {
        let unreserved = store.utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            let isPlain = character.isASCII && (character.isLetter || character.isNumber || "-._~".contains(character))
            return isPlain ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
        var address = address
        while address.hasSuffix("/") { address.removeLast() }
        url = "\(address)/stores/\(unreserved.joined())/entries:batch"
        self.token = token
        self.maxBatchCount = max(1, maxBatchCount)
        self.vector = vector
    }

    private struct Question: Encodable {
        var keys: [String]
    }

    private struct Answer: Decodable {
        struct Entry: Decodable {
            var value: Value?
            var timestampMs: Int64?
        }
        var entries: [Entry?]
    }

    private struct Refusal: Decodable {
        var code: String
        var message: String
    }

    /// The largest answer.
    private static var maxAnswerBytes: Int { 64 << 20 }

    /// Loads some keys with one request.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - timeout: The time within which the answer has to come.
    /// - Returns: The embeddings that there are.
    /// - Throws: `MillraceTableSourceError` if the server refuses, or answers with something else than entries; `HTTPClientError` if
    ///   it cannot be reached; `CancellationError`.
    public func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] {
        let (seconds, rest) = (timeout / .seconds(1), timeout / .milliseconds(1))
        var request = HTTPClientRequest(url: "\(url)?timeout=\(max(0.1, min(30, seconds)))")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(Question(keys: keys.map(\.description)))))
        let response = try await HTTPClient.shared.execute(
            request, timeout: .milliseconds(Int64(max(1, min(rest, 3_600_000)))))
        let body = Data(buffer: try await response.body.collect(upTo: Self.maxAnswerBytes))
        guard response.status == .ok else {
            let refusal = try? JSONDecoder().decode(Refusal.self, from: body)
            throw MillraceTableSourceError(
                status: Int(response.status.code), code: refusal?.code,
                message: refusal?.message ?? "the server answers with status \(response.status.code)")
        }
        let answer: Answer
        do { answer = try JSONDecoder().decode(Answer.self, from: body) } catch {
            throw MillraceTableSourceError(
                status: 200, code: nil, message: "the answer is not one of the expected entries: \(error)")
        }
        guard answer.entries.count == keys.count else {
            throw MillraceTableSourceError(
                status: 200, code: nil,
                message: "the answer has \(answer.entries.count) entries for \(keys.count) keys")
        }
        var found: [EmbeddingKey: Embedding] = [:]
        for (key, entry) in zip(keys, answer.entries) {
            guard let value = entry?.value, let vector = vector(value) else { continue }
            found[key] = Embedding(vector, version: entry?.timestampMs ?? 0)
        }
        return found
    }
}

/// The refusal of a server, or an answer that cannot be read.
public struct MillraceTableSourceError: Error, CustomStringConvertible, Sendable {
    /// The status of the answer.
    public let status: Int
    /// The server's code, such as `store_unknown`; `nil` if it gave none.
    public let code: String?
    /// One sentence for people.
    public let message: String

    public var description: String { "\(code.map { "\($0): " } ?? "")\(message) [status \(status)]" }
}
