import CVectorKernels
import Glibc

/// The place to which a segment is written, from its beginning to its end.
protocol ByteSink: AnyObject {
    func append(_ bytes: UnsafeRawBufferPointer) throws
    /// Replaces bytes at the beginning, which have been written.
    func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws
}

/// A file that appears under its name as a whole or not at all: it is written under another name, synced and renamed.
final class NewFile: ByteSink {
    private let path: String
    private let draft: String
    private let file: FileDescriptor

    init(_ path: String) throws(FileProblem) {
        self.path = path
        draft = path + ".draft"
        file = try FileDescriptor(opening: draft, flags: O_RDWR | O_CREAT | O_TRUNC)
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws { try file.write(bytes) }

    func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws {
        let mapped = try FileDescriptor(opening: draft, flags: O_WRONLY)
        try mapped.write(bytes)
    }

    /// Makes the file durable under its name.
    func finish() throws(FileProblem) {
        try file.sync()
        guard rename(draft, path) == 0 else { throw .system(path, "rename the file") }
        try Directory.sync(ofFile: path)
    }

    /// Writes a small file.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = try NewFile(path)
        try bytes.withUnsafeBytes { try file.append($0) }
        try file.finish()
    }
}

/// Memory that a segment is written to, of a size that is known before.
final class NewMemory: ByteSink {
    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0
    private var isHandedOver = false

    init(sizeInBytes: Int) throws(VectorProblem) {
        guard let memory = millrace_allocate(max(64, sizeInBytes)) else {
            throw VectorProblem(.outOfMemory, "there is no memory for a segment of \(sizeInBytes) bytes")
        }
        self.memory = UnsafeMutableRawBufferPointer(start: memory, count: sizeInBytes)
    }

    deinit { if !isHandedOver { millrace_free(memory.baseAddress.unsafelyUnwrapped) } }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard count + bytes.count <= memory.count else {
            throw VectorProblem(.invalidFormat, "a segment is larger than it was computed to be")
        }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    func replaceBeginning(with bytes: UnsafeRawBufferPointer) throws { memory.copyMemory(from: bytes) }

    /// Hands the memory over.
    func finish() -> FileRegion {
        isHandedOver = true
        return FileRegion(owning: UnsafeRawBufferPointer(memory))
    }
}
