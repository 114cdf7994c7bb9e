extension [UInt8] {
    /// `withUnsafeBytes` with typed errors, for results that need not be copyable.
    func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try span.bytes.withUnsafeBytes(body)
    }
}
