import MillraceRouting

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A place in a scan as the token of the next page: a text that clients hand back and do not read.
///
/// It is of one scan: it has a checksum of what the scan asks for, so that a text that was changed, or that belongs to another
/// scan, is refused. It has nothing that the client could not ask for anyway, so it is not signed, and every instance reads it.
extension ScanPlace {
    private static let version: UInt8 = 1

    /// Reads a token.
    ///
    /// - Parameter scan: what the scan asks for, in any unambiguous form.
    /// - Throws: `Failure` with 400 for anything that is not a token of this scan.
    init(_ text: String, of scan: [String]) throws(Failure) {
        let standard = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : String($0) }.joined()
        let padded = standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: padded), data.count >= 14, data[data.startIndex] == Self.version else {
            throw Self.invalid
        }
        let bytes = Array(data)
        let checksum = bytes[1..<9].reduce(0) { $0 << 8 | UInt64($1) }
        guard checksum == Self.checksum(bytes[9...], scan) else { throw Self.invalid }
        let partition = Int32(bitPattern: bytes[9..<13].reduce(0) { $0 << 8 | UInt32($1) })
        if partition < 0 { throw Self.invalid }
        self.init(partition: partition, place: bytes[13] == 1 ? Array(bytes[14...]) : nil)
    }

    /// The token's text.
    func text(of scan: [String]) -> String {
        var bytes = (0..<4).map { UInt8(truncatingIfNeeded: partition >> (24 - 8 * $0)) }
        bytes.append(place == nil ? 0 : 1)
        bytes += place ?? []
        let checksum = Self.checksum(bytes[...], scan)
        let whole =
            [Self.version] + (0..<8).map { UInt8(truncatingIfNeeded: checksum >> (56 - 8 * UInt64($0))) } + bytes
        return Data(whole).base64EncodedString()
            .compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : String($0) }.joined()
    }

    private static let invalid = Failure.badRequest(
        "page is not what a page of this scan has named as its next", code: "page_invalid")

    /// FNV-1a over the token and the scan.
    private static func checksum(_ bytes: ArraySlice<UInt8>, _ scan: [String]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in bytes { add(byte) }
        for part in scan {
            add(0xff)
            for byte in part.utf8 { add(byte) }
        }
        return hash
    }
}
