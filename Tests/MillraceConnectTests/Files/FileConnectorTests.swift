import Foundation
import Millrace
import MillraceConnect
import Testing

@Suite("Files as a source and a sink")
final class FileConnectorTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    private func append(_ text: String, to name: String) throws {
        let path = path(name)
        let before = FileManager.default.contents(atPath: path) ?? Data()
        try (before + Data(text.utf8)).write(to: URL(filePath: path))
    }

    private func lines(_ batch: SourceBatch) -> [String] {
        batch.records.map { String(decoding: $0.value ?? [], as: UTF8.self) }
    }

    // MARK: The source

    @Test("a line is read when it has an end, and a reader goes on from a position")
    func positions() throws {
        try append("one\ntwo\nthr", to: "a")
        let source = FileSource(path: path("a"), topic: "lines")
        let first = try source.open("a", from: nil)
        let batch = try first.read(10, withinMs: 0)
        #expect(lines(batch) == ["one", "two"])
        #expect(batch.position == SourcePosition(rawValue: "8"))
        #expect(try first.read(10, withinMs: 0) == SourceBatch())
        try append("ee\n\n", to: "a")
        let second = try source.open("a", from: batch.position)
        #expect(lines(try second.read(10, withinMs: 0)) == ["three", ""])
    }

    @Test("a folder's files are its parts, but for hidden ones and folders")
    func parts() throws {
        for name in ["a", "b", ".c"] { try append("x\n", to: name) }
        try FileManager.default.createDirectory(at: folder.appending(path: "d"), withIntermediateDirectories: true)
        #expect(try FileSource(path: folder.path, topic: "lines").partitions().sorted() == ["a", "b"])
        #expect(try FileSource(path: path("a"), topic: "lines").partitions() == ["a"])
    }

    @Test("a missing file may come, a shorter file and a long line are for good")
    func errors() throws {
        #expect(
            throws: ConnectorError(.temporary, "there is neither a file nor a folder \(path("a"))")
        ) { try FileSource(path: path("a"), topic: "lines").partitions() }
        try append("one\ntwo\n", to: "a")
        let source = FileSource(path: path("a"), topic: "lines", maxLineSizeInBytes: 5)
        #expect(
            throws: ConnectorError(
                .permanent,
                "\(path("a")) has 8 bytes, but 9 have been read: a file may only grow; give a new file a new name")
        ) { try source.open("a", from: SourcePosition(rawValue: "9")) }
        try append("sixsix", to: "a")
        let reader = try source.open("a", from: SourcePosition(rawValue: "8"))
        #expect(
            throws: ConnectorError(
                .permanent, "\(path("a")) has a line of more than 5 bytes before byte 14; raise maxLineSizeInBytes")
        ) { try reader.read(1, withinMs: 0) }
    }

    // MARK: The sink

    private let partition = TopicPartition(topic: "lines", partition: 0)

    private func record(_ offset: Int64, _ value: [UInt8]?, key: [UInt8]? = nil) -> SinkRecord {
        SinkRecord(partition: partition, offset: offset, timestampMs: 5, key: key, value: value)
    }

    private var written: String {
        String(decoding: FileManager.default.contents(atPath: path("lines-0.jsonl")) ?? Data(), as: UTF8.self)
    }

    @Test("the file says how far it goes, and an incomplete line is written again")
    func offsets() throws {
        let sink = FileSink(topics: ["lines"], folder: folder.path)
        let first = try sink.open()
        #expect(try first.begin([partition]) == [:])
        #expect(try first.write([record(3, Array("a\"b".utf8)), record(4, nil, key: Array("k".utf8))]).isEmpty)
        #expect(written == "")
        try first.commit([partition: 5])
        first.close()
        let lines =
            #"{"offset":3,"timestampMs":5,"key":null,"value":"a\"b"}"# + "\n"
            + #"{"offset":4,"timestampMs":5,"key":"k","value":null}"# + "\n"
        #expect(written == lines)
        try append(#"{"offset":5,"timest"#, to: "lines-0.jsonl")
        let second = try sink.open()
        #expect(try second.begin([partition]) == [partition: 5])
        _ = try second.write([record(5, Array("c".utf8))])
        try second.commit([partition: 6])
        #expect(written == lines + #"{"offset":5,"timestampMs":5,"key":null,"value":"c"}"# + "\n")
    }

    @Test("one writer at a time has a partition, and what is rolled back is not written")
    func exclusive() throws {
        let sink = FileSink(topics: ["lines"], folder: folder.path)
        let first = try sink.open()
        _ = try first.begin([partition])
        _ = try first.write([record(0, Array("a".utf8))])
        let second = try sink.open()
        #expect(throws: ConnectorError(.temporary, "another process writes to \(path("lines-0.jsonl"))")) {
            try second.begin([partition])
        }
        first.rollBack()
        #expect(try second.begin([partition]) == [:])
        #expect(written == "")
    }

    @Test("a value that is no text is refused, and a file of another program is an error")
    func refusals() throws {
        let sink = FileSink(topics: ["lines"], folder: folder.path)
        let writer = try sink.open()
        _ = try writer.begin([partition])
        let bad = record(0, [0xff])
        #expect(
            try writer.write([bad, record(1, Array("a".utf8))])
                == [RefusedSinkRecord(bad, reason: "key or value is not text in UTF-8")])
        writer.close()
        try append("hello\n", to: "lines-0.jsonl")
        #expect(throws: ConnectorError.self) { try sink.open().begin([partition]) }
    }
}
