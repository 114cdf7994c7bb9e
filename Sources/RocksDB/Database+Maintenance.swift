import CRocksDB
import CRocksDBShim

extension Database {
    /// Writes the contents of memory to files. After it has waited and returned, all earlier writes survive any crash.
    ///
    /// - Parameter wait: Whether to wait until it is done. If false, a failure shows in later writes only. Default true.
    /// - Throws: `closed`, `noSpace`, `ioError`.
    package func flush(wait: Bool = true) throws(RocksDBError) {
        try opened("flush").flush(wait: wait)
    }

    /// Merges the files that hold keys from `lowerBound` to `upperBound`, both inclusive, nil for no bound; waits for it.
    ///
    /// - Throws: `closed`, `noSpace`, `corruption`, `ioError`.
    package func compactRange(
        from lowerBound: UnsafeRawBufferPointer? = nil, to upperBound: UnsafeRawBufferPointer? = nil
    ) throws(RocksDBError) {
        try opened("compactRange").call("compactRange") {
            rocksdb_shim_compact_range(
                $0, lowerBound?.chars, lowerBound?.count ?? 0, upperBound?.chars, upperBound?.count ?? 0, $1)
        }
    }

    /// Copies the present database into the directory `target`, which must not exist; its parent must. Memory is flushed first.
    /// Files are hard links if both directories are on one file system.
    ///
    /// - Throws: `closed`, `invalidArgument` if `target` exists, `noSpace`, `ioError`.
    package func checkpoint(to target: String) throws(RocksDBError) {
        try checkPath(target, "checkpoint")
        let handle = try opened("checkpoint")
        let checkpoint = try handle.call("checkpoint") { rocksdb_checkpoint_object_create($0, $1) }
        defer { rocksdb_checkpoint_object_destroy(checkpoint) }
        // 0: always flush first. A log would not help here: by default there is none.
        try handle.call("checkpoint") { rocksdb_checkpoint_create(checkpoint, target, 0, $1) }
    }

    /// Deletes the files of the database in the directory `path`, and the directory if nothing else is in it. A missing
    /// database is no error.
    ///
    /// - Throws: `locked` if it is open; `ioError`.
    package static func destroy(path: String) throws(RocksDBError) {
        try checkPath(path, "destroy")
        let options = rocksdb_options_create()
        defer { rocksdb_options_destroy(options) }
        try checked("destroy", path: path) { rocksdb_destroy_db(options, path, $0) }
    }
}
