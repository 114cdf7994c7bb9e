import Foundation

/// The time of day as RFC 9110 writes it (IMF-fixdate), made once a second.
struct DateText {
    private var second = time_t.min
    private var text = ""

    /// The present time.
    var now: String {
        mutating get {
            var now = time(nil)
            if now == second { return text }
            var parts = tm()
            gmtime_r(&now, &parts)
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = bytes.withUnsafeMutableBytes { buffer in
                buffer.withMemoryRebound(to: CChar.self) { chars in
                    strftime(chars.baseAddress, chars.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
                }
            }
            (second, text) = (now, String(decoding: bytes.prefix(count), as: UTF8.self))
            return text
        }
    }
}
