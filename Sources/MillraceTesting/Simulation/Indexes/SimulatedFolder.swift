import Millrace

/// A folder of files on a simulated disk, as the system keeps it.
///
/// Written bytes survive the end of their process. The end of the system leaves those that were synced: of the rest of a file any beginning, or
/// zeros, and of the changes of names since the folder was synced any.
final class SimulatedFolder {
    /// A file, which may have a name, or be open without one.
    final class File {
        var bytes: [UInt8] = []
        fileprivate var synced: [UInt8] = []

        func sync() { synced = bytes }

        /// Loses what was not synced.
        fileprivate func lose(_ random: inout SeededRandom) {
            var left = synced
            // Bytes that were replaced may be old or new; those that were added may be there in part, or be zeros.
            if random.chance(0.5) { left = Array(bytes.prefix(synced.count)) }
            if bytes.count > left.count {
                let added = bytes[left.count...].prefix(random.below(bytes.count - left.count + 1))
                left += random.chance(0.2) ? [UInt8](repeating: 0, count: added.count) : Array(added)
            }
            bytes = left
            synced = left
        }
    }

    private enum NameChange {
        case set(String, File)
        case removed(String)
    }

    private var files: [String: File] = [:]
    private var durableFiles: [String: File] = [:]
    private var changes: [NameChange] = []
    /// The names in the order in which they came, so that a run does not depend on hashes or on the names.
    private var order: [String] = []

    /// Whether an index was made durable here, and neither emptied nor damaged since.
    private(set) var isKept = false
    /// The index that a planted fault keeps open after its task has gone.
    var leftOpen: (any StoreIndex)?

    var names: [String] { order }

    subscript(name: String) -> File? { files[name] }

    func set(_ name: String, to file: File) {
        if files.updateValue(file, forKey: name) == nil { order.append(name) }
        changes.append(.set(name, file))
    }

    func remove(_ name: String) {
        guard files.removeValue(forKey: name) != nil else { return }
        order.removeAll { $0 == name }
        changes.append(.removed(name))
    }

    /// Makes the names survive the end of the system.
    func sync() {
        durableFiles = files
        changes = []
    }

    /// Records that the index has been made durable; an empty position means that it has none yet, or none any more.
    func recordCheckpoint(at position: Position) { isKept = !position.isEmpty }

    /// Flips a bit of a file. Returns the file's name; `nil` if there is nothing to damage.
    func flipBit(_ random: inout SeededRandom) -> String? {
        let names = order.filter { files[$0]?.bytes.isEmpty == false }
        guard !names.isEmpty else { return nil }
        let name = names[random.below(names.count)]
        guard let file = files[name] else { return nil }
        file.bytes[Int(random.next() % UInt64(file.bytes.count))] ^= 1 << UInt8(random.below(8))
        file.sync()
        isKept = false
        return name
    }

    /// Ends the system: what was not synced may be lost.
    func losePower(_ random: inout SeededRandom) {
        var left = durableFiles
        for change in changes where random.chance(0.5) {
            switch change {
            case .set(let name, let file): left[name] = file
            case .removed(let name): left[name] = nil
            }
        }
        order = order.filter { left[$0] != nil } + left.keys.filter { !order.contains($0) }.sorted()
        files = left
        for name in order { files[name]?.lose(&random) }
        sync()
    }
}
