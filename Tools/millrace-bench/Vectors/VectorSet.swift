import Foundation

/// Vectors of length 1, and others of the same kind to search for.
package struct VectorSet: Sendable {
    package let name: String
    package let dimensions: Int
    /// The components of all vectors, one vector after the other.
    package let base: [Float]
    package let queries: [[Float]]

    package var count: Int { base.count / dimensions }

    /// Returns a vector.
    package func vector(_ row: Int) -> [Float] { Array(base[row * dimensions..<(row + 1) * dimensions]) }

    /// Makes vectors in clusters: each is one of 100 random centres plus a random deviation of half the size. So the nearest of a vector are
    /// in its own cluster, in which there is no structure.
    ///
    /// The count does not change the vectors: a smaller set is the beginning of a larger one.
    ///
    /// - Parameter degrees: the number of directions in which vectors differ, as the vectors of texts differ in fewer than they have
    ///   components; `nil` for all.
    package static func clustered(
        _ count: Int, dimensions: Int, queries: Int = 1_000, degrees: Int? = nil, seed: UInt64 = 13
    ) -> VectorSet {
        var random = SeededNormals(seed: seed)
        let freedom = degrees ?? dimensions
        let directions = degrees.map { _ in
            (0..<freedom).map { _ in (0..<dimensions).map { _ in random.next() } }
        }
        let centers = (0..<100).map { _ in (0..<freedom).map { _ in random.next() } }
        var vector = [Float](repeating: 0, count: dimensions)
        func make() {
            let center = centers[random.below(centers.count)]
            if let directions {
                for index in 0..<dimensions { vector[index] = 0 }
                for (direction, middle) in zip(directions, center) {
                    let length = middle + 0.5 * random.next()
                    for index in 0..<dimensions { vector[index] += length * direction[index] }
                }
            } else {
                for index in 0..<dimensions { vector[index] = center[index] + 0.5 * random.next() }
            }
            vector.normalize()
        }
        var others: [[Float]] = []
        for _ in 0..<queries {
            make()
            others.append(vector)
        }
        var base: [Float] = []
        base.reserveCapacity(count * dimensions)
        for _ in 0..<count {
            make()
            base += vector
        }
        return VectorSet(
            name: "\(count.grouped) × \(dimensions.grouped)", dimensions: dimensions, base: base, queries: others)
    }

    /// Reads vectors from files of little-endian floats.
    ///
    /// - Throws: what reading throws; `VectorBenchError` if a file has no whole number of vectors.
    package static func reading(_ base: String, queries: String, dimensions: Int) throws -> VectorSet {
        func floats(_ path: String) throws -> [Float] {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard !data.isEmpty, data.count % (4 * dimensions) == 0 else {
                throw VectorBenchError("\(path) does not hold vectors of \(dimensions) floats")
            }
            return data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        }
        var components = try floats(base)
        for row in 0..<components.count / dimensions {
            components.normalize(row * dimensions..<(row + 1) * dimensions)
        }
        let others = try floats(queries)
        let vectors = (0..<others.count / dimensions).map { row in
            var vector = Array(others[row * dimensions..<(row + 1) * dimensions])
            vector.normalize()
            return vector
        }
        return VectorSet(
            name: "\((components.count / dimensions).grouped) × \(dimensions.grouped)", dimensions: dimensions,
            base: components, queries: vectors)
    }

    /// The first vectors of the set.
    func prefix(_ count: Int) -> VectorSet {
        VectorSet(
            name: "\(count.grouped) × \(dimensions.grouped)", dimensions: dimensions,
            base: Array(base.prefix(count * dimensions)), queries: queries)
    }

    /// Writes the set for other programs and returns the paths of its vectors and of its queries.
    func write(to folder: String) throws -> (base: String, queries: String) {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let paths = (base: "\(folder)/base.f32", queries: "\(folder)/queries.f32")
        try base.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: paths.base)) }
        try queries.flatMap { $0 }.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: paths.queries)) }
        return paths
    }
}

extension [Float] {
    fileprivate mutating func normalize(_ range: Range<Int>? = nil) {
        let range = range ?? indices
        let length = self[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length > 0 else { return }
        for index in range { self[index] = Float(Double(self[index]) / length) }
    }
}

extension Int {
    /// "100,000".
    package var grouped: String {
        let digits = String(self)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }
}

package struct VectorBenchError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
