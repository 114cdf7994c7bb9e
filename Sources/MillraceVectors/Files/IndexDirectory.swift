/// The directory of an index, which belongs to it alone: a disk's, or a simulated one that fails and crashes.
package protocol IndexDirectory: Sendable {
    /// The names of the files, in no order.
    func names() throws -> [String]

    /// Returns a file's bytes, which no longer change; `nil` if there is no such file.
    func contents(of name: String) throws -> FileRegion?

    /// Creates an empty file; one of the same name is replaced.
    func create(_ name: String) throws -> any IndexFile

    /// Opens a file to add to it after its first bytes; those behind them are cut off.
    func open(_ name: String, at size: Int) throws -> any IndexFile

    /// Gives a file another name, under which another one may have been, at once and durably.
    func rename(_ name: String, to newName: String) throws

    /// Deletes a file, if it exists.
    func remove(_ name: String) throws

    /// Makes the names of files survive the end of the system.
    func sync() throws
}

/// A file that is being written.
package protocol IndexFile: AnyObject {
    func append(_ bytes: UnsafeRawBufferPointer) throws

    /// Replaces bytes at the beginning, which have been written.
    func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws

    /// Makes what was written survive the end of the system.
    func sync() throws
}

extension IndexDirectory {
    /// Writes a file that appears under its name as a whole or not at all: under another name, synced and renamed.
    func write(_ name: String, _ body: (any IndexFile) throws -> Void) throws {
        let draft = name + ".draft"
        do {
            let file = try create(draft)
            try body(file)
            try file.sync()
            try rename(draft, to: name)
        } catch {
            // It would take the room that others need.
            try? remove(draft)
            throw error
        }
    }

    /// Returns a copy of a small file's bytes; `nil` if there is no such file.
    func read(_ name: String) throws -> [UInt8]? {
        guard let region = try contents(of: name) else { return nil }
        return withExtendedLifetime(region) { Array(region.bytes) }
    }
}
