/// A record that the broker or its client refused, as far as an error describes it.
package struct RefusedRecord: Hashable, Sendable {
    package var topic: String
    package var partition: Int32
    /// The beginning of the key's bytes; `nil` for a null key.
    package var keyPrefix: [UInt8]?
    /// The size of key and value in bytes.
    package var sizeInBytes: Int
    /// The number of refused records of the topic, including this one.
    package var count: Int

    /// The number of bytes of a key that an error shows.
    package static let keyPrefixCount = 64

    package init(topic: String, partition: Int32, keyPrefix: [UInt8]?, sizeInBytes: Int, count: Int = 1) {
        self.topic = topic
        self.partition = partition
        self.keyPrefix = keyPrefix
        self.sizeInBytes = sizeInBytes
        self.count = count
    }

    package init(topic: String, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) {
        self.init(
            topic: topic, partition: partition, keyPrefix: key.map { Array($0.prefix(Self.keyPrefixCount)) },
            sizeInBytes: (key?.count ?? 0) + (value?.count ?? 0))
    }

    /// The key in readable form: its text if that can be printed, otherwise its bytes in hexadecimal.
    var printableKey: String {
        guard let keyPrefix else { return "null" }
        let ellipsis = keyPrefix.count < Self.keyPrefixCount ? "" : "…"
        let isPrintable = keyPrefix.allSatisfy { (0x20..<0x7f).contains($0) }
        if isPrintable { return "\"\(String(decoding: keyPrefix, as: UTF8.self))\(ellipsis)\"" }
        let digits = keyPrefix.map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }
        return "0x" + digits.joined() + ellipsis
    }
}
