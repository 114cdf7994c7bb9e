import Foundation
import Testing

/// Whatever code the documentation shows stands in a test, a tool or a topology too, and so compiles: in the guides, in READMEs
/// and in the comments of the public products.
///
/// A block of code is taken apart into its statements. Each has to be found in one file of the package's own, spaces, line breaks
/// and comments aside; `…` stands for anything.
@Suite("Examples in the documentation are compiled")
struct DocumentedExamplesTests {
    // `Tools/readme-package` compiles and runs what the README of the whole package shows, `Tools/tutorial-check` the tutorial.
    @Test("every example of the guides, of the products' pages and of READMEs stands in a file that is compiled")
    func guides() throws {
        let guides =
            try Repository.files(under: "docs", endingIn: ".md").filter { $0 != "docs/tutorial.md" }
            + Repository.files(under: "Sources", endingIn: ".md")
            + Repository.files(under: "Topologies", endingIn: ".md")
        try check(guides) { $0 }
    }

    @Test("every example of a comment stands in a file that is compiled")
    func comments() throws {
        let sources = try Repository.files(under: "Sources", endingIn: ".swift").filter { $0.contains("/Millrace") }
        try check(sources) { source in
            source.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                line.firstMatch(of: /^\s*\/\/\/ ?(.*)/).map { String($0.1) } ?? ""
            }
            .joined(separator: "\n")
        }
    }

    private func check(_ files: [String], documentation: (String) -> String) throws {
        let compiled = try ["Tests", "Tools", "Topologies"].flatMap { folder in
            try Repository.files(under: folder, endingIn: ".swift").map { Self.condensed(try Repository.text(of: $0)) }
        }
        var count = 0
        for file in files {
            for block in Self.blocks(in: documentation(try Repository.text(of: file))) {
                count += 1
                let parts = Self.parts(of: block)
                let isCompiled = compiled.contains { source in parts.allSatisfy { source.contains($0) } }
                #expect(isCompiled, "\(file): this stands in no file that is compiled:\n\(block)")
            }
        }
        #expect(count > 30)
    }

    private static func blocks(in text: String) -> [Substring] {
        text.matches(of: /```swift\n((?s:.*?))```/).map(\.1)
    }

    /// The statements of a block, and what stands between ellipses in them, without spaces.
    private static func parts(of block: Substring) -> [String] {
        var statements: [String] = []
        for line in block.split(separator: "\n") where !line.hasPrefix("import ") {
            let begins = line.first.map { $0.isLetter || $0 == "@" || $0 == "#" } ?? false
            if begins || statements.isEmpty { statements.append("") }
            statements[statements.count - 1] += line + "\n"
        }
        return statements.flatMap { $0.split(separator: "…") }.map { condensed(String($0)) }.filter { !$0.isEmpty }
    }

    /// A text without its spaces, line breaks, semicolons, comments and words of access.
    private static func condensed(_ text: String) -> String {
        var condensed: [UInt8] = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            var previous: UInt8 = 0
            for byte in line {
                if byte == UInt8(ascii: "/"), previous == UInt8(ascii: "/") {
                    if condensed.dropLast().last == UInt8(ascii: ":") { continue }
                    condensed.removeLast()
                    break
                }
                previous = byte
                if byte == UInt8(ascii: " ") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "\t") { continue }
                condensed.append(byte)
            }
        }
        return String(decoding: condensed, as: UTF8.self)
            .replacing("fileprivatestatic", with: "static").replacing("privatefinal", with: "final")
            .replacing("privatestruct", with: "struct").replacing("privatefunc", with: "func")
    }
}

/// The package's own files.
enum Repository {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The paths of the files in a folder and those in it.
    static func files(under folder: String, endingIn suffix: String) throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path())
        return paths.filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
