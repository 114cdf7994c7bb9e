/// The width of texts on a terminal, which shows some characters in two columns and some in none.
extension StringProtocol {
    /// The columns in which a terminal shows the text.
    var columnCount: Int { reduce(0) { $0 + $1.columnCount } }

    /// The text, cut so that it takes at most so many columns; an ellipsis stands for what was cut.
    func fitted(to columns: Int, ellipsis: String = "…") -> String {
        guard columnCount > columns else { return String(self) }
        var (text, width) = ("", ellipsis.count)
        for character in self {
            width += character.columnCount
            if width > columns { break }
            text.append(character)
        }
        return ellipsis.count > columns ? "" : text + ellipsis
    }

    /// The text with spaces in place of line ends and other control characters, which could move the cursor.
    var printable: String {
        guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return String(self) }
        return String(
            String.UnicodeScalarView(
                unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}

extension Character {
    /// The columns in which a terminal shows the character: two for those of East Asian scripts and for emoji.
    fileprivate var columnCount: Int {
        guard let first = unicodeScalars.first else { return 0 }
        if first.isASCII { return 1 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: return first.properties.isEmojiPresentation || first.isWide ? 2 : 1
        }
    }
}

extension Unicode.Scalar {
    /// The wide blocks of Unicode's East Asian widths.
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]

    fileprivate var isWide: Bool { Self.wideRanges.contains { $0.contains(value) } }
}
