/// The end of a message about an unknown name.
package enum Suggestion {
    /// Suggests the nearest known name, if it is near enough to be the one that was meant.
    ///
    /// - Parameters:
    ///   - name: the unknown name.
    ///   - known: the names that exist.
    ///   - noun: the word for what has these names, with its article.
    package static func unknown(_ name: String, among known: [String], noun: String = "an option") -> String {
        let nearest = known.map { (name: $0, distance: distance(name, $0)) }.min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= 2 else { return "is not \(noun)" }
        return "is not \(noun); did you mean \(nearest.name)?"
    }

    /// Returns the least number of bytes to insert, remove or replace to turn one text into the other.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (position, byte) in left.utf8.enumerated() {
            var diagonal = position
            row[0] = position + 1
            for index in right.indices {
                let above = row[index + 1]
                row[index + 1] = byte == right[index] ? diagonal : 1 + min(diagonal, above, row[index])
                diagonal = above
            }
        }
        return row[right.count]
    }
}
