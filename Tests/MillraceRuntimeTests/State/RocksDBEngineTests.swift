import Foundation
import Millrace
import MillraceEngine
import MillraceRuntime
import RocksDB
import TestSupport
import Testing

private let task = TaskID(subtopology: 0, partition: 1)

/// One run of a process with a state directory, whose task 0_1 it has locked.
private final class Instance {
    let directory: StateDirectory
    let log = RecordingLog()

    convenience init(_ root: TestDirectory) throws { try self.init(root.path) }

    init(_ root: String) throws {
        directory = try StateDirectory(root, applicationID: "app", logger: log.logger)
        try directory.lock(task)
    }

    func open(isLogged: Bool = true) throws -> PersistentStore {
        try directory.openStore(plan(isLogged: isLogged), of: task)
    }
}

@Suite("A store in RocksDB")
struct RocksDBEngineTests {
    let root: TestDirectory
    private var path: String { root.path + "/app/0_1/rocksdb/counts" }

    init() throws { root = try TestDirectory() }

    /// Writes a store with a table file, at position 1,000, and closes it.
    private func written(isLogged: Bool = true) throws {
        let instance = try Instance(root)
        let store = try instance.open(isLogged: isLogged)
        try store.apply((1_000..<2_000).map { Entry("\($0)", "value \($0)") }, position: 1_000)
        try store.flush()
        store.close()
    }

    private func files(prefix: String = "", suffix: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.map { "\(path)/\($0)" }
    }

    private func damage(_ file: String, from offset: Int, count: Int) throws {
        var contents = try Data(contentsOf: URL(fileURLWithPath: file))
        for index in offset..<min(offset + count, contents.count) { contents[index] = ~contents[index] }
        try contents.write(to: URL(fileURLWithPath: file))
    }

    /// Opens the store, expecting that it was wiped and that the log says so.
    private func expectWiped(_ comment: Comment) throws {
        let instance = try Instance(root)
        let store = try instance.open()
        #expect(try store.entries() == [], comment)
        #expect(try store.position() == nil, comment)
        #expect(instance.log.warnings.count == 1, comment)
        #expect(instance.log.warnings.first?.contains(path) == true, comment)
        try store.apply([Entry("a", "1")], position: 1)
        try store.flush()
        store.close()
        #expect(try instance.open().get("a") == "1", comment)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.path + "/app/.discarded") == [], comment)
    }

    /// Opens the store as one without a changelog, expecting an error that names it, and all files as they were.
    private func expectRefused(_ comment: Comment) throws {
        let before = try files(suffix: ".sst")
        let instance = try Instance(root)
        let error = try #require(throws: StreamsError.self, comment) { try instance.open(isLogged: false) }
        #expect(error.code == .stateStore, comment)
        #expect(error.message.contains(path), comment)
        #expect(try files(suffix: ".sst") == before, comment)
    }

    @Test("has the same path as in Kafka Streams")
    func layout() throws {
        try written()
        #expect(FileManager.default.fileExists(atPath: path + "/CURRENT"))
    }

    @Test("killed after a flush, it has the flushed entries with their position, and nothing after them")
    func killed() async throws {
        let root = root.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String] in
            let store = try Instance(root).open()
            try store.apply([Entry("a", "1")], position: 1)
            try store.flush()
            try store.apply([Entry("b", "2")], position: 2)
            kill(getpid(), SIGKILL)
        }
        let store = try Instance(self.root).open()
        #expect(try store.entries() == [Entry("a", "1")])
        #expect(try store.position() == 1)
    }

    @Test("killed among batches and background flushes, its position is that of its data")
    func killedAmongFlushes() async throws {
        let root = root.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String] in
            var options = RocksDBStoreOptions()
            options.rawOptions = "write_buffer_size=65536"
            let directory = try StateDirectory(root, applicationID: "app", options: options, logger: quiet)
            try directory.lock(task)
            let store = try directory.openStore(plan(), of: task)
            let padding = String(repeating: "x", count: 500)
            for position in 1...5_000 {
                let entries = [Entry("count", "\(position)"), Entry("\(position % 50)", padding + "\(position)")]
                try store.apply(entries, position: Int64(position))
            }
            kill(getpid(), SIGKILL)
        }
        let store = try Instance(self.root).open()
        let position = try #require(try store.position())
        #expect(try store.get("count") == "\(position)")
        for earlier in max(1, position - 49)...position {
            #expect(try store.get("\(earlier % 50)")?.hasSuffix("x\(earlier)") == true)
        }
    }

    @Test("killed right after everything was removed, it is empty")
    func killedAfterRemoval() async throws {
        try written()
        let root = root.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String] in
            try Instance(root).open().removeAll()
            kill(getpid(), SIGKILL)
        }
        let store = try Instance(self.root).open()
        #expect(try store.entries() == [])
        #expect(try store.position() == nil)
    }

    @Test("a store that a crash left half deleted is deleted at the next start")
    func leftovers() throws {
        let leftover = root.path + "/app/.discarded/half"
        try FileManager.default.createDirectory(atPath: leftover, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(fileURLWithPath: leftover + "/000007.sst"))
        _ = try Instance(root)
        #expect(!FileManager.default.fileExists(atPath: leftover))
    }

    @Test("an unknown format is an error that names it, and nothing is touched")
    func unknownFormat() throws {
        try written()
        try overwriteFormat(with: [0, 0, 0, 9])
        for isLogged in [true, false] {
            let error = try #require(throws: StreamsError.self) { try Instance(root).open(isLogged: isLogged) }
            #expect(error.code == .stateStore)
            #expect(error.description.contains("version 9"))
            #expect(error.description.contains(path))
        }
        try overwriteFormat(with: [0, 0, 0, 2])
        #expect(try Instance(root).open().position() == 1_000)
    }

    /// Writes to the database without the store's knowledge.
    private func overwriteFormat(with value: [UInt8]) throws {
        let database = try Database(path: path)
        let key = [0xFF] + Array("millrace".utf8) + [0] + Array("format".utf8)
        try key.withUnsafeBytes { key in try value.withUnsafeBytes { try database.put($0, forKey: key) } }
        try database.close()
    }

    @Test("a database of another program is an error, and nothing is touched")
    func foreign() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let database = try Database(path: path)
        try [UInt8](arrayLiteral: 1).withUnsafeBytes { try database.put($0, forKey: $0) }
        try database.close()
        let error = try #require(throws: StreamsError.self) { try Instance(root).open() }
        #expect(error.description.contains("not written by Millrace"))
        #expect(try Database(path: path).approximateKeyCount() == 1)
    }

    @Test("a damaged manifest wipes a logged store and fails one without a changelog", arguments: [true, false])
    func damagedManifest(isLogged: Bool) throws {
        try written(isLogged: isLogged)
        try damage(try #require(try files(prefix: "MANIFEST").first), from: 0, count: 1_000)
        if isLogged { try expectWiped("manifest") } else { try expectRefused("manifest") }
    }

    @Test("a lost file wipes a logged store and fails one without a changelog", arguments: [true, false])
    func lostFiles(isLogged: Bool) throws {
        for (prefix, suffix) in [("", ".sst"), ("CURRENT", ""), ("MANIFEST", "")] {
            try? FileManager.default.removeItem(atPath: path)
            try written(isLogged: isLogged)
            let file = try #require(try files(prefix: prefix, suffix: suffix).first)
            try FileManager.default.removeItem(atPath: file)
            if isLogged { try expectWiped("\(file)") } else { try expectRefused("\(file)") }
        }
    }

    @Test("damage found while reading throws, and wipes the store the next time it is opened")
    func damagedTable() throws {
        try written()
        try damage(try #require(try files(suffix: ".sst").first), from: 100, count: 20)
        do {
            let store = try Instance(root).open()
            let error = try #require(throws: StreamsError.self) { try store.entries() }
            #expect(error.code == .stateStore)
            #expect((error.underlying as? RocksDBError)?.code == .corruption)
            store.close()
        }
        try expectWiped("table")
    }

    @Test("without a changelog, damage found while reading throws each time, and the other entries stay readable")
    func damagedTableWithoutChangelog() throws {
        try written(isLogged: false)
        try damage(try #require(try files(suffix: ".sst").first), from: 100, count: 20)
        for _ in 0..<2 {
            let store = try Instance(root).open(isLogged: false)
            #expect(throws: StreamsError.self) { try store.get("1000") }
            #expect(try store.get("1999") == "value 1999")
            store.close()
        }
    }

    @Test("a full disk is an error that says so, and entries flushed before are there afterwards")
    func fullDisk() async throws {
        let root = root.path
        await #expect(processExitsWith: .success) { [root = root as String] in
            let store = try Instance(root).open()
            try store.apply([Entry("before", "1")], position: 1)
            try store.flush()
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let large = String(repeating: "x", count: 100_000)
            try store.apply((0..<20).map { Entry("large-\($0)", large) }, position: 2)
            let error = try #require(throws: StreamsError.self) { try store.flush() }
            #expect(error.code == .stateStore)
            #expect(error.message.contains("no space left"))
            #expect(error.message.contains(root))
            #expect((error.underlying as? RocksDBError)?.code == .noSpace)
        }
        let store = try Instance(self.root).open()
        #expect(try store.entries() == [Entry("before", "1")])
        #expect(try store.position() == 1)
    }
}
