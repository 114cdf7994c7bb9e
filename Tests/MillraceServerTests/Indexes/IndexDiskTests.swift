import Foundation
import Millrace
import MillraceRuntime
import Synchronization
import Testing

@testable import MillraceVectors

/// A disk that is full while a test says so.
private final class SwitchedDisk: Sendable {
    private let full = Mutex(false)

    var isFull: Bool {
        get { full.withLock { $0 } }
        set { full.withLock { $0 = newValue } }
    }

    func checkRoom(for name: String) throws {
        if isFull { throw FileProblem.system(name, "write", ENOSPC) }
    }
}

/// The directory of an index on such a disk.
private struct SwitchedDirectory: IndexDirectory {
    let directory: any IndexDirectory
    let disk: SwitchedDisk

    private final class File: IndexFile {
        private let file: any IndexFile
        private let name: String
        private let disk: SwitchedDisk

        init(_ file: any IndexFile, _ name: String, on disk: SwitchedDisk) {
            (self.file, self.name, self.disk) = (file, name, disk)
        }

        func append(_ bytes: UnsafeRawBufferPointer) throws {
            try disk.checkRoom(for: name)
            try file.append(bytes)
        }

        func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws { try file.replaceBeginning(with: bytes) }
        func sync() throws { try file.sync() }
    }

    func names() throws -> [String] { try directory.names() }
    func contents(of name: String) throws -> FileRegion? { try directory.contents(of: name) }
    func rename(_ name: String, to newName: String) throws { try directory.rename(name, to: newName) }
    func remove(_ name: String) throws { try directory.remove(name) }
    func sync() throws { try directory.sync() }

    func create(_ name: String) throws -> any IndexFile {
        try disk.checkRoom(for: name)
        return File(try directory.create(name), name, on: disk)
    }

    func open(_ name: String, at size: Int) throws -> any IndexFile {
        File(try directory.open(name, at: size), name, on: disk)
    }
}

extension ServerTests {
    @Suite("Indexes on a full disk, as operators see them")
    struct IndexDiskTests {
        @Test(
            "an index that cannot write its files says so everywhere, and not any more when there is room, without a record"
        )
        func fullDisk() async throws {
            let disk = SwitchedDisk()
            let supplier = IndexedCases.index.supplier
            let index = StoreIndexSupplier<IndexedCase>(
                supplier.name, kind: "vectors", access: supplier.access
            ) { context, value in
                try VectorStoreIndex(
                    IndexedCases.index, value,
                    in: context.directory.map { SwitchedDirectory(directory: DiskDirectory($0), disk: disk) })
            }
            let topology: @Sendable () throws -> Topology = {
                let builder = StreamsBuilder()
                builder.table(
                    TestBroker.input, key: .string, value: .json(IndexedCase.self),
                    into: .store("cases").indexed(by: index))
                return try builder.build()
            }
            try await withServers(topology: topology) { broker, servers in
                let server = servers[0]
                try IndexedCases(count: 50).write(to: broker)
                let before = try #require(try await server.awaitsEntries(50)["total"] as? [String: Any])
                #expect(before["fileProblem"] == nil)

                disk.isFull = true
                try IndexedCases(count: 90).write(to: broker)
                let total = try #require(try await server.awaitsEntries(90)["total"] as? [String: Any])
                let reason = try #require(total["fileProblem"] as? String)
                #expect(reason.contains("No space left on device") && total["isComplete"] as? Bool == true)
                let list = try await VerbProcess.run(["indexes", "--server", server.address.description])
                #expect(list.status == 0 && list.output.last?.contains("complete, in memory only") == true, "\(list)")
                #expect(list.errors.contains { $0.contains("No space left on device") }, "\(list)")
                #expect(try await writable(server).contains(0))

                disk.isFull = false
                // The next checkpoint of the store makes the index try again.
                try await eventually("an index that is on disk again") {
                    let index = try #require(
                        try await (server.get("/indexes").json["indexes"] as? [[String: Any]])?.first)
                    return (index["total"] as? [String: Any])?["fileProblem"] == nil
                }
                #expect(try await writable(server) == [1, 1, 1, 1])
                #expect(server.application.metrics.processedRecords == 140)
                try await server.awaitsEntries(90)
            }
        }

        /// The metric of each partition.
        private func writable(_ server: TestServer) async throws -> [Double] {
            try await server.get("/metrics").text.split(separator: "\n")
                .filter { $0.hasPrefix("millrace_index_files_writable{") }
                .compactMap { Double($0.split(separator: " ").last ?? "") }
        }
    }
}
