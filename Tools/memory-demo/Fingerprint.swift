/// A row as somebody sees it: its version, and a hash of its embedding.
struct Fingerprint: Codable, Hashable, CustomStringConvertible {
    var version: Int64
    var hash: UInt64

    init(version: Int64, embedding: [Float]) {
        self.version = version
        hash = embedding.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01b3 }
    }

    var description: String { "version \(version), embedding \(String(hash, radix: 16))" }
}
