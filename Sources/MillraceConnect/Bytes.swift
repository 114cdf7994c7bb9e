/// Gives the bytes of a key and a value to a closure: `nil` for none, and an empty buffer that is not `nil` for an empty array.
package func withBytes<Failure: Error>(
    of key: [UInt8]?, _ value: [UInt8]?,
    _ body: (UnsafeRawBufferPointer?, UnsafeRawBufferPointer?) throws(Failure) -> Void
) throws(Failure) {
    var result: Result<Void, Failure> = .success(())
    withBytes(of: key) { key in
        withBytes(of: value) { value in
            do throws(Failure) { try body(key, value) } catch { result = .failure(error) }
        }
    }
    try result.get()
}

private func withBytes(of bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
    guard let bytes else { return body(nil) }
    bytes.withUnsafeBytes(body)
}
