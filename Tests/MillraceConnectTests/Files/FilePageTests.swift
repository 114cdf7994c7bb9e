import Foundation
import Millrace
import MillraceConnect
import Testing

/// The configurations of docs/connect/files.md, with the folders of this test in place of the page's.
@Suite("The page about files")
final class FilePageTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func connector(_ kind: ConnectorKind) throws -> Connector {
        let page = try String(
            contentsOfFile: #filePath.replacing(/Tests\/.*/, with: "docs/connect/files.md"), encoding: .utf8)
        let blocks = page.matches(of: /```json\n((?s:.*?))```/).map { String($0.1) }
        #expect(blocks.count == 2)
        let json = try #require(blocks.first { $0.contains("\"\(kind.name)\"") })
        return try kind.connector(
            json: json.replacing("/var/spool/orders", with: folder.path)
                .replacing("/var/lib/orders", with: folder.path))
    }

    @Test("the line that the source of the page reads is the line that the sink of the page writes")
    func configurations() throws {
        guard case .source(let source) = try connector(.fileSource), case .sink(let sink) = try connector(.fileSink)
        else {
            Issue.record("the page has no source and no sink")
            return
        }
        try Data("b\n".utf8).write(to: folder.appending(path: "lines"))
        #expect(try source.partitions() == ["lines"])
        let record = try #require(try source.open("lines", from: nil).read(1, withinMs: 0).records.first)
        let partition = TopicPartition(topic: record.topic, partition: 0)
        #expect(sink.topics == [record.topic])
        let writer = try sink.open()
        _ = try writer.begin([partition])
        #expect(
            try writer.write([
                SinkRecord(
                    partition: partition, offset: 7, timestampMs: 1_700_000_000_000, key: Array("a".utf8),
                    value: record.value)
            ]).isEmpty)
        try writer.commit([partition: 8])
        let written = try String(contentsOf: folder.appending(path: "orders-0.jsonl"), encoding: .utf8)
        // The page shows this line.
        #expect(written == #"{"offset":7,"timestampMs":1700000000000,"key":"a","value":"b"}"# + "\n")
    }
}
