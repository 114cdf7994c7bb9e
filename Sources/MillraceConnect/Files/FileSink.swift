import Millrace

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A sink into text files: one for each partition, with one line of JSON for each record. Kafka Connect: `FileStreamSink`.
///
/// ```swift
/// let sink = FileSink(topics: ["orders"], folder: "/var/lib/orders")
/// ```
///
/// A line is `{"offset":7,"timestampMs":1700000000000,"key":"a","value":"b"}`. So the file itself says how far it goes, and each record is in
/// it exactly once: the next writer cuts an incomplete line off and goes on after the last complete one.
public struct FileSink: SinkConnector {
    public var topics: [String]
    /// The folder of the files `TOPIC-PARTITION.jsonl`. It has to exist.
    public var folder: String

    /// Makes a sink.
    ///
    /// - Parameters:
    ///   - topics: the topics whose records are written.
    ///   - folder: the folder of the files, which has to exist.
    public init(topics: [String], folder: String) {
        self.topics = topics
        self.folder = folder
    }

    /// Opens a writer. The files are opened with their partitions.
    ///
    /// - Throws: nothing; ``SinkWriter/begin(_:)`` reports a folder that is missing.
    public func open() throws -> any SinkWriter { FileWriter(folder) }
}

extension ConnectorKind {
    /// Topics into files: `{"type": "file-sink", "topics": ["orders"], "folder": "/var/lib/orders"}`.
    public static let fileSink = ConnectorKind("file-sink") { settings in
        .sink(FileSink(topics: settings.list("topics"), folder: settings.text("folder")))
    }
}

/// The writing of the partitions of one thread.
private final class FileWriter: SinkWriter {
    private struct Target {
        var file: OpenFile
        var size: Int
        /// The lines since the last commit.
        var lines: [UInt8] = []
    }

    private let folder: String
    private var targets: [TopicPartition: Target] = [:]

    init(_ folder: String) { self.folder = folder }

    func begin(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
        var offsets: [TopicPartition: Int64] = [:]
        for partition in partitions {
            let file = try OpenFile(extending: "\(folder)/\(partition.topic)-\(partition.partition).jsonl")
            let (end, last) = try Self.lastLine(of: file)
            targets[partition] = Target(file: file, size: end)
            guard let last else { continue }
            guard let offset = Self.offset(in: last) else {
                throw ConnectorError(
                    .permanent,
                    "the last line of the file of \(partition) in \(folder) has no offset: another program wrote it")
            }
            offsets[partition] = offset + 1
        }
        return offsets
    }

    /// Returns the end of the last complete line, and the line; `nil` for a file without one.
    private static func lastLine(of file: OpenFile) throws(ConnectorError) -> (end: Int, line: [UInt8]?) {
        let size = try file.size()
        var length = 1 << 16
        while true {
            let start = max(0, size - length)
            let bytes = try file.read(size - start, from: start)
            if let end = bytes.lastIndex(of: UInt8(ascii: "\n")) {
                let before = bytes[..<end].lastIndex(of: UInt8(ascii: "\n"))
                if let first = before.map({ $0 + 1 }) ?? (start == 0 ? 0 : nil) {
                    return (start + end + 1, Array(bytes[first..<end]))
                }
            }
            if start == 0 { return (0, nil) }
            length *= 2
        }
    }

    private struct Line: Decodable { var offset: Int64 }

    private static func offset(in line: [UInt8]) -> Int64? {
        (try? JSONDecoder().decode(Line.self, from: Data(line)))?.offset
    }

    func end(_ partitions: [TopicPartition]) { for partition in partitions { targets[partition] = nil } }

    func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] {
        var refused: [RefusedSinkRecord] = []
        for record in records {
            guard let key = Self.text(record.key), let value = Self.text(record.value) else {
                refused.append(RefusedSinkRecord(record, reason: "key or value is not text in UTF-8"))
                continue
            }
            let line =
                #"{"offset":\#(record.offset),"timestampMs":\#(record.timestampMs),"key":\#(key),"value":\#(value)}"#
                + "\n"
            targets[record.partition]?.lines += Array(line.utf8)
        }
        return refused
    }

    /// Returns bytes as JSON; `nil` if they are not text.
    private static func text(_ bytes: [UInt8]?) -> String? {
        guard let bytes else { return "null" }
        return String(validating: bytes, as: UTF8.self).map(JSONText.quoted)
    }

    func commit(_ offsets: [TopicPartition: Int64]) throws {
        for partition in offsets.keys.sorted(by: { $0.description < $1.description }) {
            guard let target = targets[partition], !target.lines.isEmpty else { continue }
            try target.file.replace(from: target.size, with: target.lines)
            targets[partition]?.size += target.lines.count
            targets[partition]?.lines = []
        }
    }

    func rollBack() { targets = [:] }

    func close() { targets = [:] }
}
