import CRocksDB

/// The variable in which a C function leaves its message if it fails.
typealias ErrorPointer = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// Calls a C function that reports failure through its `errptr`, and throws what it reports.
///
/// Only this function turns RocksDB's messages into errors; it frees them.
@inline(__always)
func checked<Result>(
    _ operation: String, path: String, _ call: (ErrorPointer) -> Result
) throws(RocksDBError) -> Result {
    var message: UnsafeMutablePointer<CChar>?
    let result = call(&message)
    guard let message else { return result }
    throw takeError(message, operation, path)
}

@inline(never)
private func takeError(_ message: UnsafeMutablePointer<CChar>, _ operation: String, _ path: String) -> RocksDBError {
    defer { rocksdb_free(message) }
    return RocksDBError(statusText: String(cString: message), operation: operation, path: path)
}

extension UnsafeRawBufferPointer {
    /// The bytes as the C API takes them: never null, not even when empty, as null often means "none" there.
    @inline(__always)
    var chars: UnsafePointer<CChar> {
        baseAddress?.assumingMemoryBound(to: CChar.self) ?? nowhere
    }
}

/// An address for zero bytes.
private var nowhere: UnsafePointer<CChar> {
    let empty: StaticString = ""
    return UnsafeRawPointer(empty.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Refuses a path that C would read differently.
func checkPath(_ path: String, _ operation: String) throws(RocksDBError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
        throw RocksDBError(
            code: .invalidArgument, message: "a path must not be empty or hold a zero byte", operation: operation,
            path: path)
    }
}
