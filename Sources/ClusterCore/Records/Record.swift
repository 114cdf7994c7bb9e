/// A header of a record; a null value differs from an empty one.
package struct RecordHeader: Hashable, Sendable {
    package var key: String
    package var value: [UInt8]?

    package init(key: String, value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}

/// A record of a batch; key and value are slices of the batch's bytes.
package struct Record: Hashable, Sendable {
    package var offset: Int64
    package var timestampMs: Int64
    /// Nil for a null key.
    package var key: ArraySlice<UInt8>?
    /// Nil for a tombstone.
    package var value: ArraySlice<UInt8>?
    package var headers: [RecordHeader]
}
