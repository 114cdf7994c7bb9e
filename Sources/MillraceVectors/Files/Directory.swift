import Glibc

/// The few operations on a directory that an index needs.
enum Directory {
    /// Returns the names in a directory, sorted; none if it cannot be read.
    static func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func has(_ name: String, in path: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    /// Deletes a file, if it exists.
    static func removeFile(_ path: String) throws(FileProblem) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(path, "delete the file") }
    }

    /// Makes the names in a file's directory survive the end of the system.
    static func sync(ofFile path: String) throws(FileProblem) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[..<$0]) } ?? "."
        try FileDescriptor(opening: folder.isEmpty ? "/" : folder, flags: O_RDONLY | O_DIRECTORY).sync()
    }

    /// Returns the bytes of a small file; `nil` if there is none.
    static func read(_ path: String) throws(FileProblem) -> [UInt8]? {
        guard access(path, F_OK) == 0 else { return nil }
        let file = try FileDescriptor(opening: path, flags: O_RDONLY)
        if try file.size() == 0 { return [] }
        let region = try FileRegion(mapping: path)
        return withExtendedLifetime(region) { Array(region.bytes) }
    }
}
