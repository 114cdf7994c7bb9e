import Millrace

/// The header `traceparent` of W3C Trace Context, as far as it decides whether a record is traced.
///
/// Source: https://www.w3.org/TR/trace-context/#traceparent-header
enum TraceParent {
    /// The headers of W3C Trace Context.
    static let name = "traceparent"
    static let stateName = "tracestate"

    /// Whether the value is valid, and the sender has sampled its trace; `nil` for a value that is not valid, which is to be ignored.
    static func isSampled(_ value: [UInt8]) -> Bool? {
        // version "-" trace-id "-" parent-id "-" flags; later versions may append more, after a dash.
        guard value.count == 55 || (value.count > 55 && value[55] == UInt8(ascii: "-")) else { return nil }
        guard [2, 35, 52].allSatisfy({ value[$0] == UInt8(ascii: "-") }) else { return nil }
        guard let version = digits(value[0..<2]), version != [0xf, 0xf], version != [0, 0] || value.count == 55,
            let trace = digits(value[3..<35]), let parent = digits(value[36..<52]), let flags = digits(value[53..<55]),
            trace.contains(where: { $0 != 0 }), parent.contains(where: { $0 != 0 })
        else { return nil }
        return flags[1] & 1 == 1
    }

    /// The values of hexadecimal digits in lower case; `nil` if there are others.
    private static func digits(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var digits: [UInt8] = []
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digits.append(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return digits
    }
}
