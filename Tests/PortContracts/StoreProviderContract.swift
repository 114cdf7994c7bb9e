import Millrace
package import MillraceEngine

/// An implementation of ``StoreProvider`` with a disk of its own.
package protocol StoreProviderLab: AnyObject {
    var provider: any StoreProvider { get }

    /// Ends the process without unlocking anything, and starts another one on the same disk. The engines that were opened are
    /// closed.
    func restart() throws
}

/// The behaviour of every ``StoreProvider``.
package enum StoreProviderContract {
    package static let behaviours: [Behaviour<any StoreProviderLab>] = [
        Behaviour("a task has one owner until it is unlocked; other tasks are free") { lab in
            try lab.provider.lock(first)
            try requireRefusal(.locked, "a second lock") { try lab.provider.lock(first) }
            try lab.provider.lock(second)
            lab.provider.unlock(first)
            try lab.provider.lock(first)
            try requireRefusal(.locked, "a lock of the other task") { try lab.provider.lock(second) }
        },
        Behaviour("a store is opened only while its task is locked") { lab in
            try requireRefusal(.illegalState, "a store without a lock") {
                _ = try lab.provider.open(plan("a"), of: first)
            }
            try lab.provider.lock(first)
            try requireRefusal(.illegalState, "a store of another task") {
                _ = try lab.provider.open(plan("a"), of: second)
            }
            try lab.provider.open(plan("a"), of: first).close()
            lab.provider.unlock(first)
            try requireRefusal(.illegalState, "a store after the unlock") {
                _ = try lab.provider.open(plan("a"), of: first)
            }
        },
        Behaviour("stores are separate by name and by task") { lab in
            let places = [("a", first), ("b", first), ("a", second)]
            for task in [first, second] { try lab.provider.lock(task) }
            let engines = try places.map { name, task in try lab.provider.open(plan(name), of: task) }
            for (number, engine) in engines.enumerated() { try engine.put("k", "\(number)") }
            for (number, engine) in engines.enumerated() {
                try requireEqual(try engine.text("k"), "\(number)", "the value in store \(number)")
                engine.close()
            }
        },
        Behaviour("a store that is opened again has what was flushed, for the next owner too") { lab in
            for (earlier, value) in [(nil, "1"), ("1", "2"), ("2", "3")] as [(String?, String)] {
                try lab.provider.lock(first)
                let engine = try lab.provider.open(plan("a"), of: first)
                try requireEqual(try engine.text("last"), earlier, "the flushed value")
                try engine.put("last", value)
                try engine.flush()
                engine.close()
                lab.provider.unlock(first)
            }
        },
        Behaviour("the end of the process releases its tasks, and what was flushed is there") { lab in
            try lab.provider.lock(first)
            let engine = try lab.provider.open(plan("a"), of: first)
            try engine.put("k", "flushed")
            try engine.flush()
            engine.close()
            try lab.restart()
            try lab.provider.lock(first)
            let reopened = try lab.provider.open(plan("a"), of: first)
            try requireEqual(try reopened.text("k"), "flushed", "the value after the restart")
            reopened.close()
        },
        Behaviour("a removal of everything outlives the process") { lab in
            try lab.provider.lock(first)
            let engine = try lab.provider.open(plan("a"), of: first)
            try engine.put("k", "old")
            try engine.flush()
            try engine.removeAll()
            engine.close()
            try lab.restart()
            try lab.provider.lock(first)
            let reopened = try lab.provider.open(plan("a"), of: first)
            try requireEqual(try reopened.text("k"), nil, "the value after the restart")
            reopened.close()
        },
        Behaviour("stores that were prepared have their contents, and only one owner gets them") { lab in
            try lab.provider.lock(first)
            let engine = try lab.provider.open(plan("a"), of: first)
            try engine.put("k", "kept")
            try engine.flush()
            engine.close()
            lab.provider.unlock(first)
            try lab.provider.prepareToOpen([first: [plan("a")]], for: ObjectIdentifier(lab))
            try lab.provider.lock(first)
            try requireRefusal(.locked, "a second lock") { try lab.provider.lock(first) }
            let prepared = try lab.provider.open(plan("a"), of: first)
            try requireEqual(try prepared.text("k"), "kept", "the value")
            prepared.close()
            lab.provider.unlock(first)
            try lab.provider.lock(first)
        },
        Behaviour("the directory of a custom store stays the same, and is no other store's") { lab in
            for task in [first, second] { try lab.provider.lock(task) }
            let found = try [("a", first), ("b", first), ("a", second)].map { name, task in
                try lab.provider.directory(of: plan(name), of: task)
            }
            try requireEqual(try lab.provider.directory(of: plan("a"), of: first), found[0], "the directory")
            // A provider without a disk has none.
            let directories = found.compactMap { $0 }
            try require([0, 3].contains(Set(directories).count), "the directories are \(found)")
        },
    ]

    private static let first = TaskID(subtopology: 0, partition: 0)
    private static let second = TaskID(subtopology: 0, partition: 1)

    private static func plan(_ name: String) -> StorePlan {
        StorePlan(name: name, kind: .timestampedKeyValue, supplier: nil, changelogConfiguration: [:])
    }

    private static func requireRefusal(_ code: StreamsError.Code, _ what: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as StreamsError {
            return try requireEqual(error.code, code, "the error of \(what)")
        }
        throw BrokenContract(description: "\(what) was not refused")
    }
}

extension StorageEngine {
    fileprivate func put(_ key: String, _ value: String) throws {
        try Array(key.utf8).withUnsafeBytes { key in
            try Array(value.utf8).withUnsafeBytes { value in
                try apply([StoreWrite(key: key, value: value)], droppingBelow: nil)
            }
        }
    }

    fileprivate func text(_ key: String) throws -> String? {
        var found: String?
        try Array(key.utf8).withUnsafeBytes { key in
            try withValue(forKey: key) { value in found = value.map { String(decoding: $0, as: UTF8.self) } }
        }
        return found
    }
}
