package import Millrace

/// A store's changelog as something to write to: the plain value, with the value's timestamp as the record's own.
package struct Changelog {
    let output: any RecordOutput
    let partition: Int32
    let values: StoreKind.ValueLayout

    package init(output: any RecordOutput, partition: Int32, values: StoreKind.ValueLayout) {
        self.output = output
        self.partition = partition
        self.values = values
    }

    func send(key: UnsafeRawBufferPointer, stored: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try output.send(
            key: key, value: stored.map(values.plainValue), partition: partition, timestampMs: timestampMs,
            headers: Headers())
    }
}
