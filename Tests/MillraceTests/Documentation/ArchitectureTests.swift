import Foundation
import Testing

/// Compares docs/architecture.md with the sources, as far as that is possible.
@Suite("The page on the architecture")
struct ArchitectureTests {
    private func page() throws -> String { try Repository.text(of: "docs/architecture.md") }

    /// The first and the last cell of each row of the table of rooms.
    private func rooms() throws -> [(folder: String, imports: Set<String>)] {
        let rows = try page().split(separator: "\n").filter { $0.hasPrefix("| `Sources/") }
        return rows.map { row in
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let names = Self.quoted(in: cells[cells.count - 1])
            return (cells[0].trimmingCharacters(in: ["`"]), Set(names))
        }
    }

    /// The parts of a text between backticks.
    private static func quoted(in text: String) -> [String] {
        text.matches(of: /`([^`\n]+)`/).map { String($0.1) }
    }

    @Test("has a row for every room, and no other")
    func everyRoom() throws {
        let rooms = try rooms().map(\.folder)
        let files = try Repository.files(under: "Sources", endingIn: ".swift")
        let folders = Set(files.map { $0.split(separator: "/").prefix(2).joined(separator: "/") })
        #expect(Set(rooms) == folders)
        #expect(rooms.count == folders.count)
    }

    @Test("says who imports whom as Tools/check-imports does, and as the files do")
    func imports() throws {
        let rooms = try rooms()
        let names = Set(rooms.map { String($0.folder.dropFirst("Sources/".count)) })
        let table = try Repository.text(of: "Tools/check-imports").split(separator: "\n")
        for (folder, stated) in rooms {
            let row = try #require(
                table.first { $0.hasPrefix("\(folder) ") }, "\(folder) has no row in Tools/check-imports")
            let allowed = Set(row.split(separator: ":").last?.split(separator: " ").map(String.init) ?? [])
            #expect(allowed.intersection(names) == stated, "\(folder): Tools/check-imports and the page differ")
            let used = try Repository.files(under: folder, endingIn: ".swift").flatMap { file in
                try Repository.text(of: file).matches(of: /(?m)^(?:@\w+ )*(?:public |package )?import (\w+)/).map {
                    String($0.1)
                }
            }
            #expect(Set(used).intersection(names) == stated, "\(folder): the files import others than the page says")
        }
    }

    @Test("mentions only files, folders and types that are there")
    func mentioned() throws {
        let files = try ["Sources", "Tools", "Tests", "Topologies", "docs"].flatMap { folder in
            try Repository.files(under: folder, endingIn: "")
        }
        let swift = try files.filter { $0.hasPrefix("Sources/") && $0.hasSuffix(".swift") }.map {
            try Repository.text(of: $0)
        }
        let declared = Set(
            swift.flatMap { source in
                source.matches(of: /(?:class|struct|enum|protocol|actor|typealias|func|var|let|case) `?(\w+)/).map {
                    String($0.1)
                }
            })
        let mentioned = Self.quoted(in: try page())
        #expect(mentioned.count > 50)
        for name in mentioned {
            if name.contains("/") || name.hasSuffix(".swift") || name.hasSuffix(".md") {
                let path = name.hasSuffix("/") ? String(name.dropLast()) : name
                let isThere = files.contains { file in
                    file == path || file.hasSuffix("/\(path)") || file.contains("/\(path)/")
                        || file.hasPrefix("\(path)/")
                }
                #expect(isThere, "\(name) is not there")
            } else if name.wholeMatch(of: /[A-Z]\w+(?:\.\w+)?(?:\([^)]*\))?/) != nil {
                let parts = name.prefix { $0 != "(" }.split(separator: ".").map(String.init)
                let isModule = files.contains { $0.hasPrefix("Sources/\(name)/") }
                #expect(isModule || parts.allSatisfy(declared.contains), "\(name) is not declared")
            }
        }
    }

    @Test("numbers its decisions from 1 on, each once")
    func decisions() throws {
        let numbers = try page().components(separatedBy: "## Decisions")[1].components(separatedBy: "\n## ")[0]
            .matches(of: /(?m)^(\d+)\. \*\*/).compactMap { Int($0.1) }
        #expect(numbers == Array(1...max(1, numbers.count)))
    }
}
