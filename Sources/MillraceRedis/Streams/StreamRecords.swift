import Millrace
import MillraceConnect

/// The making of records from entries.
struct StreamRecords {
    private enum Part {
        case none, id, fields
        case field([UInt8])
    }

    private let topic: String
    private let streamName: [UInt8]
    private let key: Part
    private let value: Part
    private let usesEntryTimes: Bool

    /// The headers of a record.
    static let streamHeader = "redis.stream"
    static let idHeader = "redis.id"
    /// The header of the first record after a loss: a sentence.
    static let lossHeader = "redis.loss"

    init(stream: String, topic: String, _ configuration: RedisStreamsSource.Configuration) {
        self.topic = topic
        streamName = Array(stream.utf8)
        usesEntryTimes = configuration.usesEntryTimes
        key =
            switch configuration.key {
            case .none: .none
            case .id: .id
            case .field(let name): .field(Array(name.utf8))
            }
        value =
            switch configuration.value {
            case .fields: .fields
            case .field(let name): .field(Array(name.utf8))
            }
    }

    /// Returns the records of entries.
    ///
    /// - Parameter loss: the sentence for the first one.
    func records(of entries: StreamEntries, loss: String?) -> [SourceRecord] {
        var records: [SourceRecord] = []
        records.reserveCapacity(entries.count)
        entries.visit { (entry, texts) in
            records.append(record(entry, texts, loss: records.isEmpty ? loss : nil))
        }
        return records
    }

    private func record(_ entry: StreamEntry, _ texts: StreamTexts, loss: String?) -> SourceRecord {
        let id = Array(texts.id)
        var headers: Headers = [
            Header(name: Self.streamHeader, value: streamName), Header(name: Self.idHeader, value: id),
        ]
        if let loss { headers.append(name: Self.lossHeader, text: loss) }
        return SourceRecord(
            topic: topic, key: bytes(key, entry, texts, id), value: bytes(value, entry, texts, id),
            timestampMs: usesEntryTimes ? Int64(clamping: entry.id.ms) : nil, headers: headers)
    }

    private func bytes(_ part: Part, _ entry: StreamEntry, _ texts: StreamTexts, _ id: [UInt8]) -> [UInt8]? {
        switch part {
        case .none: nil
        case .id: id
        case .field(let name): texts.value(of: name).map { Array($0) }
        case .fields: FieldsJSON.object(texts, sizeInBytes: entry.sizeInBytes)
        }
    }
}
