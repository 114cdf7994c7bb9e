import Millrace
import MillraceOperations
import Testing

@Suite("Drawings of topologies")
struct DrawingTests {
    /// A join by foreign key: records go from the second sub-topology to the first, and back.
    private func graph() throws -> TopologyGraph {
        let builder = StreamsBuilder()
        let people = builder.table("people", key: .string, value: .string)
        builder.table("orders", key: .string, value: .string)
            .join(people) { _, order in
                order
            } joiner: { order, person in
                order + person
            }
            .toStream().to("joined", value: .string)
        return try builder.build().graph
    }

    @Test("every line stays in the picture, also one that leads upwards")
    func linesStayInside() throws {
        let svg = try graph().svg
        let size = try #require(svg.firstMatch(of: /viewBox="0 0 ([\d.]+) ([\d.]+)"/))
        let (width, height) = (try #require(Double(size.1)), try #require(Double(size.2)))
        let lines = svg.matches(of: /<path d="(M[^"]+)" fill="none"/)
        #expect(lines.count > 10)
        for line in lines {
            // Pairs of coordinates, but V has only a y and H only an x.
            for part in line.1.matches(of: /([MCHV ]*)(-?[\d.]+)(?: (-?[\d.]+))?/) {
                let numbers = [part.2, part.3].compactMap { $0.flatMap { Double($0) } }
                let (x, y) = part.1.contains("V") ? (nil, numbers.first) : (numbers.first, numbers.dropFirst().first)
                if let x { #expect(x >= 0 && x <= width, "\(line.1)") }
                if let y { #expect(y >= 0 && y <= height, "\(line.1)") }
            }
        }
    }
}
