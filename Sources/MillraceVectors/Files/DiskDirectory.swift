import Glibc

/// A directory on disk.
package struct DiskDirectory: IndexDirectory {
    private let path: String

    /// - Parameter path: an existing directory.
    package init(_ path: String) { self.path = path }

    private func path(of name: String) -> String { "\(path)/\(name)" }

    package func names() throws -> [String] {
        guard let stream = opendir(path) else { throw FileProblem.system(path, "read the directory") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    package func contents(of name: String) throws -> FileRegion? {
        let path = path(of: name)
        guard access(path, F_OK) == 0 else { return nil }
        return try FileRegion(mapping: path)
    }

    package func create(_ name: String) throws -> any IndexFile {
        try FileDescriptor(opening: path(of: name), flags: O_RDWR | O_CREAT | O_TRUNC)
    }

    package func open(_ name: String, at size: Int) throws -> any IndexFile {
        let file = try FileDescriptor(opening: path(of: name), flags: O_RDWR)
        try file.truncate(to: size)
        return file
    }

    package func rename(_ name: String, to newName: String) throws {
        guard Glibc.rename(path(of: name), path(of: newName)) == 0 else {
            throw FileProblem.system(path(of: name), "rename the file")
        }
        try sync()
    }

    package func remove(_ name: String) throws {
        guard unlink(path(of: name)) == 0 || errno == ENOENT else {
            throw FileProblem.system(path(of: name), "delete the file")
        }
    }

    package func sync() throws {
        try FileDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY).sync()
    }
}
