#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A source of the lines of text files: each line becomes a value, without a key. A line that has no end yet waits for it. Kafka
/// Connect: `FileStreamSource`.
///
/// ```swift
/// let source = FileSource(path: "/var/spool/orders", topic: "orders")
/// print(try source.partitions())
/// ```
///
/// A file may only grow: the position is a number of bytes. A folder's files are parts of the source, each for itself.
public struct FileSource: SourceConnector {
    /// A file, or a folder of files. Files whose names begin with a dot, and folders in it, are passed over.
    public var path: String
    /// The topic of the lines.
    public var topic: String
    /// The most bytes that a line may have.
    public var maxLineSizeInBytes: Int

    /// Makes a source.
    ///
    /// - Parameters:
    ///   - path: a file, or a folder of files.
    ///   - topic: the topic of the lines.
    ///   - maxLineSizeInBytes: the most bytes that a line may have; 1,000,000 by default, which fits into a message of Kafka's
    ///     default size.
    public init(path: String, topic: String, maxLineSizeInBytes: Int = 1_000_000) {
        self.path = path
        self.topic = topic
        self.maxLineSizeInBytes = maxLineSizeInBytes
    }

    public var topics: [String] { [topic] }

    /// Returns the names of the files.
    ///
    /// - Throws: ``ConnectorError`` if the folder or the file cannot be read.
    public func partitions() throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ConnectorError(.temporary, "there is neither a file nor a folder \(path)")
        }
        if !Self.isFolder(path) { return [URL(filePath: path).lastPathComponent] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter {
                !$0.hasPrefix(".") && !Self.isFolder("\(path)/\($0)")
            }
        } catch {
            throw ConnectorError(.temporary, "the folder \(path) cannot be read: \(error)")
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
    }

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - partition: the file's name.
    ///   - position: the position from which to go on; `nil` to begin.
    /// - Throws: ``ConnectorError`` if the file cannot be read, or is shorter than the position.
    public func open(_ partition: String, from position: SourcePosition?) throws -> any SourcePartitionReader {
        let file = Self.isFolder(path) ? "\(path)/\(partition)" : path
        guard let offset = position.map({ Int($0.rawValue) }) ?? 0, offset >= 0 else {
            throw ConnectorError(
                .permanent,
                "the position of \(file) is no number of bytes: another kind of source has written it; give the connector a new name"
            )
        }
        return try FileReader(self, file, offset)
    }
}

extension ConnectorKind {
    /// The lines of files: `{"type": "file-source", "path": "/var/spool/orders", "topic": "orders"}`.
    public static let fileSource = ConnectorKind("file-source") { settings in
        .source(
            FileSource(
                path: settings.text("path"), topic: settings.topic("topic"),
                maxLineSizeInBytes: settings.number("maxLineSizeInBytes", in: 1...100_000_000, default: 1_000_000)))
    }
}

/// The reading of one file.
private final class FileReader: SourcePartitionReader {
    private let source: FileSource
    private let path: String
    private let file: OpenFile
    /// The offset of the first byte that is not in `rest`.
    private var end: Int
    /// The beginning of a line.
    private var rest: [UInt8] = []

    private static let pieceSize = 1 << 18
    private static let newline = UInt8(ascii: "\n")

    init(_ source: FileSource, _ path: String, _ offset: Int) throws(ConnectorError) {
        self.source = source
        self.path = path
        file = try OpenFile(reading: path)
        end = offset
        try checkSize()
    }

    private func checkSize() throws(ConnectorError) {
        let size = try file.size()
        guard size >= end else {
            throw ConnectorError(
                .permanent,
                "\(path) has \(size) bytes, but \(end) have been read: a file may only grow; give a new file a new name"
            )
        }
    }

    func read(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        while true {
            let bytes = try file.read(Self.pieceSize, from: end)
            end += bytes.count
            if let batch = try lines(rest + bytes) { return batch }
            if bytes.isEmpty {
                try checkSize()
                guard ContinuousClock.now < deadline else { return SourceBatch() }
                OpenFile.pause()
            }
        }
    }

    /// Returns the complete lines, which may be more than were asked for: a piece is not read twice.
    private func lines(_ bytes: [UInt8]) throws(ConnectorError) -> SourceBatch? {
        var lines = bytes.split(separator: Self.newline, omittingEmptySubsequences: false)
        rest = Array(lines.removeLast())
        for line in lines + [rest[...]] where line.count > source.maxLineSizeInBytes {
            throw ConnectorError(
                .permanent,
                "\(path) has a line of more than \(source.maxLineSizeInBytes) bytes before byte \(end); raise maxLineSizeInBytes"
            )
        }
        if lines.isEmpty { return nil }
        let records = lines.map { SourceRecord(topic: source.topic, key: nil, value: Array($0)) }
        return SourceBatch(records, position: SourcePosition(rawValue: "\(end - rest.count)"))
    }

    func committed(_ position: SourcePosition) {}

    func close() {}
}
