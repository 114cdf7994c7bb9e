/// One figure of several runs: the median and the spread.
struct Figure: Codable, Sendable {
    var median: Double
    var lowest: Double
    var highest: Double

    init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let lowest = sorted.first, let highest = sorted.last else { return nil }
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        self.lowest = lowest
        self.highest = highest
    }

    /// "2.31 ±4%": half the spread, in per cent of the median.
    func text(digits: Int) -> String {
        let spread = median == 0 ? 0 : (highest - lowest) / 2 / median * 100
        let number = median.text(digits: digits)
        return spread < 0.5 ? number : "\(number) ±\(spread.text(digits: 0))%"
    }
}

extension Double {
    func text(digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (self * scale).rounded() / scale
        if digits == 0, abs(scaled) < 1e15 { return String(Int(scaled)) }
        let text = "\(scaled)"
        let fraction = text.split(separator: ".", maxSplits: 1).last?.count ?? 0
        return text + String(repeating: "0", count: max(0, digits - fraction))
    }
}
