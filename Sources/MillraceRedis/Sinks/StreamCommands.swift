import Foundation
import Millrace
import MillraceConnect
import RedisClient

/// Records as entries of streams.
struct StreamCommands: SinkCommands {
    private let configuration: RedisStreamsSink.Configuration

    init(_ configuration: RedisStreamsSink.Configuration) { self.configuration = configuration }

    let keyType = "stream"
    let beginsAnew = false
    var subject: String { "the sink \(configuration.name)" }

    func prepare(_ session: any RedisSession) {}

    func commands(for record: SinkRecord) throws(SinkRefusal) -> [SinkCommand] {
        guard let stream = configuration.streams[record.partition.topic] else {
            throw SinkRefusal("the topic \(record.partition.topic) has no stream")
        }
        var words: [RedisCommand.Argument] = ["XADD", .init(stream)]
        words += bound
        words.append("*")
        var size = stream.utf8.count
        let fields = try fields(of: record)
        if fields.isEmpty { throw SinkRefusal("it has neither a key nor a value, and an entry needs a field") }
        for (name, value) in fields {
            words += [.init(name), .init(value)]
            size += name.utf8.count + value.count
        }
        return [SinkCommand(key: Array(stream.utf8), words: words, sizeInBytes: size)]
    }

    private var bound: [RedisCommand.Argument] {
        let sign: RedisCommand.Argument = configuration.isExact ? "=" : "~"
        switch configuration.bound {
        case .none: return []
        case .count(let count): return ["MAXLEN", sign, "\(count)"]
        case .age(let age):
            let first = Date().timeIntervalSince1970 * 1_000 - Double(TimeSpan(age).ms)
            return ["MINID", sign, "\(Int64(max(0, first)))"]
        }
    }

    private func fields(of record: SinkRecord) throws(SinkRefusal) -> [(String, [UInt8])] {
        var fields: [(String, [UInt8])] = []
        if let name = configuration.keyField, let key = record.key { fields.append((name, key)) }
        guard let value = record.value else { return fields }
        switch configuration.entry {
        case .value(let name): fields.append((name, value))
        case .fields:
            for (name, member) in try JSONMembers.members(of: value) where name != configuration.keyField {
                if let bytes = JSONMembers.bytes(of: member) { fields.append((name, bytes)) }
            }
        }
        return fields
    }
}
