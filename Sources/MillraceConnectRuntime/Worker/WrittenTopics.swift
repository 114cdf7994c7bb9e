import Synchronization

/// The topics that the tasks of a source have written to in this process.
final class WrittenTopics: Sendable {
    private let names: Mutex<Set<String>>

    init(_ known: [String]) { names = Mutex(Set(known)) }

    func add(_ topics: Set<String>) { names.withLock { $0.formUnion(topics) } }

    var all: [String] { names.withLock { $0.sorted() } }
}
