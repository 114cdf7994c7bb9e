/// The writing of JSON as bytes.
enum JSONOutput {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Appends a text in quotes, with the escapes that JSON asks for.
    static func append(quoted text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        append(escaped: text, to: &output)
        output.append(UInt8(ascii: "\""))
    }

    /// Appends a text in quotes.
    static func append(quoted text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { append(quoted: UnsafeRawBufferPointer($0), to: &output) }
    }

    private static func append(escaped text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var start = 0
        for index in text.indices {
            let byte = text[index]
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
            output.append(contentsOf: text[start..<index])
            start = index + 1
            output.append(UInt8(ascii: "\\"))
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
            case 0x0A: output.append(UInt8(ascii: "n"))
            case 0x0D: output.append(UInt8(ascii: "r"))
            case 0x09: output.append(UInt8(ascii: "t"))
            default:
                output += [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")]
                output += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        output.append(contentsOf: text[start...])
    }
}

/// Bytes as Base64.
enum Base64 {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Appends the Base64 of bytes that are given in hexadecimal.
    static func append(ofHexadecimal text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var (bits, count) = (UInt32(0), 0)
        var written = 0
        for digit in text {
            bits = bits << 4 | UInt32(value(of: digit))
            count += 4
            if count == 24 {
                for shift in [18, 12, 6, 0] { output.append(letters[Int(bits >> UInt32(shift) & 63)]) }
                (bits, count, written) = (0, 0, written + 4)
            }
        }
        guard count > 0 else { return }
        bits <<= UInt32(24 - count)
        let kept = count == 8 ? 2 : 3
        for (number, shift) in [18, 12, 6, 0].enumerated() {
            output.append(number < kept ? letters[Int(bits >> UInt32(shift) & 63)] : UInt8(ascii: "="))
        }
    }

    private static func value(of digit: UInt8) -> UInt8 {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        case 0x41...0x46: digit - 0x37
        default: 0
        }
    }
}
