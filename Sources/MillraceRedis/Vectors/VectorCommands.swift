import Foundation
import Millrace
import MillraceConnect
import MillraceVectors
import NIOCore
import RedisClient

/// Records as hashes with a vector.
struct VectorCommands: SinkCommands {
    private let configuration: RedisVectors.Configuration
    private let index: VectorIndexCommands?
    private var layout: RedisVectorLayout { configuration.layout }

    init(_ configuration: RedisVectors.Configuration) {
        self.configuration = configuration
        index = configuration.index.map { VectorIndexCommands(name: $0, configuration) }
    }

    let keyType = "hash"
    let beginsAnew = true
    var subject: String { "the vectors \(configuration.name)" }

    func prepare(_ session: any RedisSession) throws { try index?.make(session) }

    func commands(for record: SinkRecord) throws(SinkRefusal) -> [SinkCommand] {
        let name = EmbeddingKey(try name(of: record), in: configuration.namespace)
        guard let key = layout.hashKey(of: name) else {
            throw SinkRefusal("the layout has no namespaces")
        }
        let argument = RedisCommand.Argument(key)
        // Fields that the record does not have any more have to go.
        let deletion = SinkCommand(key: Array(key.utf8), words: ["DEL", argument], sizeInBytes: key.utf8.count)
        guard let value = record.value else { return [deletion] }
        let hash = try hash(of: value, record)
        guard hash.vector.count == configuration.dimension else {
            throw SinkRefusal(
                "its vector has \(hash.vector.count) components, and the index has \(configuration.dimension)")
        }
        guard hash.vector.allSatisfy(\.isFinite) else {
            throw SinkRefusal("its vector has a component without a value")
        }
        var words: [RedisCommand.Argument] = [
            "HSET", argument, .init(layout.vectorField), .init(RedisVectorLayout.bytes(of: hash.vector)),
            .init(layout.versionField), "\(hash.version)",
        ]
        for (name, value) in hash.fields { words += [.init(name), .init(value)] }
        let size = hash.fields.reduce(hash.vector.count * 4 + key.utf8.count) { $0 + $1.1.count + $1.0.utf8.count }
        let writing = SinkCommand(key: deletion.key, words: words, sizeInBytes: size)
        guard let end = hash.expiry else { return [deletion, writing] }
        return [
            deletion, writing,
            SinkCommand(key: deletion.key, words: [end.command, argument, "\(end.ms)"], sizeInBytes: key.utf8.count),
        ]
    }

    private func name(of record: SinkRecord) throws(SinkRefusal) -> String {
        if let member = configuration.keyMember {
            let members = record.key.flatMap { try? JSONDecoder().decode([String: JSONValue].self, from: Data($0)) }
            guard let name = members?[member]?.scalarText, !name.isEmpty else {
                throw SinkRefusal("its key is no JSON object whose member \(member) names an embedding")
            }
            return name
        }
        guard let bytes = record.key, let name = String(validating: bytes, as: UTF8.self), !name.isEmpty else {
            throw SinkRefusal("its key is missing, empty, or not UTF-8, and cannot be the name of an embedding")
        }
        return name
    }

    private struct Hash {
        var vector: [Float]
        var version: Int64
        var fields: [(String, [UInt8])] = []
        var expiry: (command: RedisCommand.Argument, ms: Int64)?
    }

    private func hash(of value: [UInt8], _ record: SinkRecord) throws(SinkRefusal) -> Hash {
        guard case .member(let vectorName) = configuration.vector else {
            guard let vector = RedisVectorLayout.vector(of: ByteBuffer(bytes: value)) else {
                throw SinkRefusal("its value has \(value.count) bytes, which are no vector of FLOAT32")
            }
            return Hash(vector: vector, version: record.offset, expiry: lifetime)
        }
        guard let members = try? JSONDecoder().decode([String: VectorMember].self, from: Data(value)) else {
            throw SinkRefusal("its value is not a JSON object")
        }
        guard let vector = members[vectorName]?.vector else {
            throw SinkRefusal("its member \(vectorName) is missing, or no vector")
        }
        var hash = Hash(vector: vector, version: record.offset, expiry: lifetime)
        if case .member(let name) = configuration.version {
            guard let version = VectorMember.integer(at: name, in: members) else {
                throw SinkRefusal("its member \(name) is missing, or no whole number for a version")
            }
            hash.version = version
        }
        if case .member(let name) = configuration.expiry, let end = VectorMember.integer(at: name, in: members) {
            hash.expiry = ("PEXPIREAT", max(1, end))
        }
        let reserved = [vectorName, layout.vectorField, layout.versionField]
        for (name, member) in members.sorted(by: { $0.key < $1.key }) where !reserved.contains(name) {
            if let bytes = JSONMembers.bytes(of: member.value) { hash.fields.append((name, bytes)) }
        }
        return hash
    }

    private var lifetime: (command: RedisCommand.Argument, ms: Int64)? {
        guard case .after(let time) = configuration.expiry else { return nil }
        return ("PEXPIRE", max(1, TimeSpan(time).ms))
    }
}

/// A member of a JSON object, which may be a vector.
private enum VectorMember: Decodable {
    case numbers([Float])
    case other(JSONValue)

    init(from decoder: any Decoder) throws {
        // Arrays of numbers are much faster to read as such.
        if let numbers = try? [Float](from: decoder) {
            self = .numbers(numbers)
        } else {
            self = .other(try JSONValue(from: decoder))
        }
    }

    var vector: [Float]? {
        switch self {
        case .numbers(let numbers): return numbers
        case .other(.string(let text)):
            guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
            let parts = text.dropFirst().dropLast().split(separator: ",")
            let numbers = parts.compactMap { Float($0.filter { $0 != " " }) }
            return numbers.count == parts.count ? numbers : nil
        case .other(let value):
            guard case .object = value, let bytes = JSONMembers.bytes(of: value) else { return nil }
            return RedisVectorLayout.vector(of: ByteBuffer(bytes: bytes))
        }
    }

    /// Returns the whole number at a place, where dots lead into objects; a member whose own name has the dots goes first.
    static func integer(at path: String, in members: [String: VectorMember]) -> Int64? {
        if let member = members[path] { return Self.integer(member.value) }
        let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let first = names.first, case .other(var value)? = members[first] else { return nil }
        for name in names.dropFirst() {
            guard case .object(let inner) = value, let next = inner[name] else { return nil }
            value = next
        }
        return Self.integer(value)
    }

    private static func integer(_ value: JSONValue) -> Int64? {
        if case .integer(let number) = value { return number }
        return value.scalarText.flatMap { Int64($0) }
    }

    var value: JSONValue {
        switch self {
        case .numbers(let numbers): .array(numbers.map { .number(Double($0)) })
        case .other(let value): value
        }
    }
}
