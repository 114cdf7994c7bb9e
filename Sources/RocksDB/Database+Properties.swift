import CRocksDB

extension Database {
    /// A property of the database as text, such as "rocksdb.stats" (rocksdb/db.h, `DB::Properties`); nil if there is none of
    /// that name.
    ///
    /// - Throws: `closed`.
    package func property(_ name: String) throws(RocksDBError) -> String? {
        let text = try opened("property").call("property") { database, _ in rocksdb_property_value(database, name) }
        guard let text else { return nil }
        defer { rocksdb_free(text) }
        return String(cString: text)
    }

    /// A property of the database that is a number; nil if there is none of that name.
    ///
    /// - Throws: `closed`.
    package func integerProperty(_ name: String) throws(RocksDBError) -> Int? {
        var value: UInt64 = 0
        let status = try opened("property").call("property") { database, _ in
            rocksdb_property_int(database, name, &value)
        }
        return status == 0 ? Int(clamping: value) : nil
    }

    /// About how many keys there are: entries less deletions, so that a key written twice may count twice.
    ///
    /// - Throws: `closed`.
    package func approximateKeyCount() throws(RocksDBError) -> Int {
        try integerProperty("rocksdb.estimate-num-keys") ?? 0
    }
}
