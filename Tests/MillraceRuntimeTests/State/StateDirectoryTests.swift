import Foundation
import Millrace
import MillraceEngine
import MillraceRuntime
import Synchronization
import TestSupport
import Testing

private let task = TaskID(subtopology: 2, partition: 7)

@Suite("A state directory")
struct StateDirectoryTests {
    let root: TestDirectory
    private var app: String { root.path + "/app" }

    init() throws { root = try TestDirectory() }

    private func open(_ id: String = "app", log: RecordingLog = RecordingLog()) throws -> StateDirectory {
        try StateDirectory(root.path, applicationID: id, logger: log.logger)
    }

    /// Makes a task's folder with a store, last used some seconds ago.
    private func fill(_ task: TaskID, in directory: StateDirectory, secondsAgo: Double) throws {
        try directory.lock(task)
        let store = try directory.openStore(plan(), of: task)
        try store.apply([Entry("a", "1")], position: 1)
        try store.flush()
        store.close()
        directory.unlock(task)
        for part in ["", "/rocksdb", "/rocksdb/counts"] {
            let date = Date(timeIntervalSinceNow: -secondsAgo)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: "\(app)/\(task)\(part)")
        }
    }

    @Test("only the user can read what it creates", arguments: ["new/deep", "new/deep/"])
    func modes(name: String) throws {
        let deep = root.path + "/" + name
        let directory = try StateDirectory(deep, applicationID: "app", logger: quiet)
        #expect(directory.path == root.path + "/new/deep/app")
        try directory.lock(task)
        let store = try directory.openStore(plan(), of: task)
        defer { store.close() }
        for part in ["", "/2_7", "/2_7/rocksdb", "/2_7/rocksdb/counts"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.path + part)
            #expect(attributes[.posixPermissions] as? Int == 0o700, "\(part)")
        }
    }

    @Test("a second process cannot open it, and is told which process has it")
    func secondProcess() async throws {
        let directory = try open()
        let (root, owner) = (root.path, getpid())
        await #expect(processExitsWith: .success) { [root = root as String, owner = owner as Int32] in
            let error = try #require(throws: StreamsError.self) {
                try StateDirectory(root, applicationID: "app", logger: quiet)
            }
            #expect(error.code == .stateStore)
            #expect(error.message.contains("\(root)/app is in use by process \(owner)"))
            _ = try StateDirectory(root, applicationID: "another", logger: quiet)
        }
        directory.close()
        await #expect(processExitsWith: .success) { [root = root as String] in
            _ = try StateDirectory(root, applicationID: "app", logger: quiet)
        }
    }

    @Test("a process that was killed leaves no lock behind")
    func killed() async throws {
        let root = root.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String] in
            let directory = try StateDirectory(root, applicationID: "app", logger: quiet)
            try directory.lock(task)
            _ = try directory.openStore(plan(), of: task)
            kill(getpid(), SIGKILL)
        }
        let directory = try open()
        try directory.lock(task)
        _ = try directory.openStore(plan(), of: task)
    }

    @Test("a second one in the same process is also refused, until the first is closed or released")
    func sameProcess() throws {
        do {
            let first = try open()
            #expect(throws: StreamsError.self) { try open() }
            first.close()
            let second = try open()
            #expect(throws: StreamsError.self) { try open() }
            #expect(throws: StreamsError.self) { try first.lock(task) }
            #expect(second.path == first.path)
        }
        _ = try open()
    }

    @Test("a task that another worker has is locked, which is a distinct error, until it is released")
    func workers() throws {
        let directory = try open()
        try directory.lock(task)
        let error = try #require(throws: StreamsError.self) { try directory.lock(task) }
        #expect(error.code == .locked)
        #expect(error.message.contains("\(app)/2_7"))
        try directory.lock(TaskID(subtopology: 2, partition: 8))
        directory.unlock(task)
        try directory.lock(task)
    }

    @Test("of many workers that want a task, exactly one gets it")
    func contention() async throws {
        let directory = try open()
        let won = await withTaskGroup { group in
            for _ in 0..<32 { group.addTask { (try? directory.lock(task)) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(won == 1)
    }

    @Test("a store cannot be opened without its task's lock")
    func unlocked() throws {
        let directory = try open()
        let error = try #require(throws: StreamsError.self) { try directory.openStore(plan(), of: task) }
        #expect(error.code == .illegalState)
    }

    @Test("a store that is still open is not opened again")
    func openTwice() throws {
        let directory = try open()
        try directory.lock(task)
        let store = try directory.openStore(plan(), of: task)
        #expect(throws: StreamsError.self) { try directory.openStore(plan(), of: task) }
        try store.apply([Entry("a", "1")], position: 1)
    }

    @Test("the process id is created once, kept across restarts, and created anew if it cannot be read")
    func processID() throws {
        let file = app + "/millrace-process-metadata"
        let first = try open().processID
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "\(first.uuidString.lowercased())\n")
        #expect(try open().processID == first)
        #expect(try open("another").processID != first)
        try "no id".write(toFile: file, atomically: true, encoding: .utf8)
        let log = RecordingLog()
        let second = try open(log: log).processID
        #expect(second != first)
        #expect(log.warnings.count == 1)
        #expect(try open().processID == second)
    }

    @Test("names that would lead to another folder are refused", arguments: ["", ".", "..", "a/b", "../x", "a\0b"])
    func names(name: String) throws {
        #expect(throws: StreamsError.self) { try open(name) }
        let directory = try open()
        try directory.lock(task)
        #expect(throws: StreamsError.self) { try directory.openStore(plan(name), of: task) }
    }

    @Test("a path that cannot be created is an error with the path and the reason")
    func notADirectory() throws {
        try Data().write(to: URL(fileURLWithPath: app))
        let error = try #require(throws: StreamsError.self) { try open() }
        #expect(error.code == .stateStore)
        #expect((error.underlying as? StateFileError)?.number == EEXIST)
        #expect(error.message.contains(app))
    }

    @Test("a directory that the user may not write to is an error with the path and the reason")
    func permissionDenied() async throws {
        let root = root.path
        #expect(chmod(root, 0o500) == 0)
        await #expect(processExitsWith: .success) { [root = root as String] in
            // Root may write everywhere, so the test becomes another user.
            if geteuid() == 0 { #expect(seteuid(65_534) == 0) }
            let error = try #require(throws: StreamsError.self) {
                try StateDirectory(root, applicationID: "app", logger: quiet)
            }
            #expect(error.code == .stateStore)
            #expect((error.underlying as? StateFileError)?.number == EACCES)
            #expect(error.message.contains("\(root)/app"))
        }
    }

    @Test("the tasks with a folder are listed, and other folders are not taken for tasks")
    func storedTasks() throws {
        let directory = try open()
        #expect(directory.storedTasks() == [])
        try fill(task, in: directory, secondsAgo: 0)
        try fill(TaskID(subtopology: 0, partition: 10), in: directory, secondsAgo: 0)
        for name in ["global", "1", "1_", "_1", "1_2_3", "-1_2", "01_2", "x_1"] {
            try FileManager.default.createDirectory(atPath: "\(app)/\(name)", withIntermediateDirectories: true)
        }
        #expect(directory.storedTasks() == [TaskID(subtopology: 0, partition: 10), task])
        #expect(directory.removeObsolete(olderThan: .zero, keeping: []).count == 2)
        #expect(FileManager.default.fileExists(atPath: app + "/global"))
    }

    @Test("a task is removed unless a worker has it; removing one without a folder is no error")
    func removeTask() throws {
        let directory = try open()
        try fill(task, in: directory, secondsAgo: 0)
        try directory.lock(task)
        let error = try #require(throws: StreamsError.self) { try directory.removeTask(task) }
        #expect(error.code == .locked)
        directory.unlock(task)
        try directory.removeTask(task)
        #expect(directory.storedTasks() == [])
        try directory.removeTask(task)
        try directory.lock(task)
        #expect(try directory.openStore(plan(), of: task).position() == nil)
    }

    @Test("cleaning removes folders that are old, not kept and not in use")
    func removeObsolete() throws {
        let directory = try open()
        let tasks = (0..<4).map { TaskID(subtopology: 0, partition: $0) }
        for task in tasks { try fill(task, in: directory, secondsAgo: task.partition == 0 ? 60 : 7_200) }
        try directory.lock(tasks[1])
        #expect(directory.removeObsolete(olderThan: .seconds(3_600), keeping: [tasks[2]]) == [tasks[3]])
        #expect(directory.storedTasks() == Array(tasks.prefix(3)))
        directory.unlock(tasks[1])
        #expect(directory.removeObsolete(olderThan: .seconds(3_600), keeping: []) == [tasks[2]])
        #expect(directory.removeObsolete(olderThan: .zero, keeping: []) == Array(tasks.prefix(2)))
    }
}
